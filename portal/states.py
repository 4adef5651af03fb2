"""Every state the pages show: its word, its icon and its colour, in that order of importance."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Tone(StrEnum):
    """Green is kept for what was read back; amber for what is not proved; red for danger and stuck."""

    NEUTRAL = "neutral"
    QUIET = "quiet"
    GREEN = "green"
    AMBER = "amber"
    DANGER = "danger"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one state is drawn; the word is what is said when the page gives no better one."""

    icon: str
    tone: Tone
    word: str | Promise
    running: bool = False


LOOKS = {
    "signed_in": Look(icon="signed-in", tone=Tone.NEUTRAL, word=_("Signed in")),
    "signed_out": Look(icon="signed-out", tone=Tone.QUIET, word=_("Signed out")),
    "blocked": Look(icon="blocked", tone=Tone.NEUTRAL, word=_("Sign-in blocked")),
    "ended": Look(icon="signed-out", tone=Tone.QUIET, word=_("Ended")),
    # Forecasts are neutral: nothing has been proved yet.
    "at_once": Look(icon="shield", tone=Tone.NEUTRAL, word=_("At once")),
    "in_seconds": Look(icon="link", tone=Tone.NEUTRAL, word=_("In seconds")),
    "cannot_be_cut": Look(icon="hourglass", tone=Tone.AMBER, word=_("Cannot be cut")),
    "expired": Look(icon="hourglass", tone=Tone.NEUTRAL, word=_("Expired")),
    # What really happened.
    "cut_off": Look(icon="shield", tone=Tone.GREEN, word=_("Cut off")),
    "confirmed": Look(icon="tick-circle", tone=Tone.GREEN, word=_("Confirmed")),
    "delivered": Look(icon="tick-circle", tone=Tone.GREEN, word=_("Delivered")),
    "complete": Look(icon="tick-circle", tone=Tone.GREEN, word=_("Complete")),
    "not_yet_cut_off": Look(icon="clock", tone=Tone.AMBER, word=_("NOT YET CUT OFF")),
    "waiting": Look(icon="clock", tone=Tone.AMBER, word=_("Waiting")),
    "running": Look(icon="running", tone=Tone.AMBER, word=_("Running"), running=True),
    "stuck": Look(icon="alert", tone=Tone.DANGER, word=_("Stuck")),
    "failed": Look(icon="alert", tone=Tone.DANGER, word=_("Failed")),
    "refused": Look(icon="lock", tone=Tone.NEUTRAL, word=_("Refused")),
    "problem": Look(icon="alert", tone=Tone.DANGER, word=_("Something went wrong")),
    "not_found": Look(icon="alert", tone=Tone.NEUTRAL, word=_("Not found")),
    "nothing": Look(icon="minus", tone=Tone.QUIET, word=_("Nothing to ask")),
    # What two people decide: neutral, because the receipt is what proves that it was done.
    "approved": Look(icon="check", tone=Tone.NEUTRAL, word=_("Approved")),
    "declined": Look(icon="x", tone=Tone.NEUTRAL, word=_("Declined")),
    "lapsed": Look(icon="hourglass", tone=Tone.QUIET, word=_("Nobody approved in time")),
    "withdrawn": Look(icon="minus", tone=Tone.QUIET, word=_("Withdrawn")),
    "overtaken": Look(icon="minus", tone=Tone.QUIET, word=_("Overtaken")),
    "done_alone": Look(icon="warning", tone=Tone.AMBER, word=_("Done alone")),
    # Projects. One that has ended is not proved by its state: its receipt says what was.
    "project_planned": Look(icon="clock", tone=Tone.QUIET, word=_("Planned")),
    "project_running": Look(icon="flag", tone=Tone.NEUTRAL, word=_("Running")),
    "project_ending": Look(icon="running", tone=Tone.AMBER, word=_("Ending"), running=True),
    "project_ended": Look(icon="signed-out", tone=Tone.QUIET, word=_("Ended")),
    "project_exceptions": Look(icon="alert", tone=Tone.AMBER, word=_("Ended with exceptions")),
    # What is known of a long-lived credential.
    "old": Look(icon="alert", tone=Tone.AMBER, word=_("Old")),
    "unused": Look(icon="minus", tone=Tone.AMBER, word=_("Unused")),
    # Tasks of people: done is somebody's word, so it is never green.
    "done": Look(icon="check", tone=Tone.NEUTRAL, word=_("Done")),
    "to_do": Look(icon="clock", tone=Tone.AMBER, word=_("To do")),
    "overdue": Look(icon="alert", tone=Tone.DANGER, word=_("Overdue")),
    "not_needed": Look(icon="minus", tone=Tone.QUIET, word=_("Not needed")),
    # Settings and credentials, where green would claim a proof nobody made.
    "on": Look(icon="check", tone=Tone.NEUTRAL, word=_("On")),
    "off": Look(icon="minus", tone=Tone.QUIET, word=_("Off")),
}
