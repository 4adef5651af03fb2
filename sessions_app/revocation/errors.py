"""Why an order was not carried out: a small family that every door turns into its own words once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class OrderRefused(Exception):
    """Nothing was stored, nothing was published. `code` is stable; `sentence` is for the person who asked."""

    code = "refused"
    sentence: _StrPromise | str = _("This is not allowed.")

    def __str__(self) -> str:
        return str(self.sentence)


class ActingOnOneself(OrderRefused):
    code = "acting_on_oneself"
    sentence = _(
        "Nobody ends, blocks or reinstates their own access. You can end your own sessions on your own page."
    )


class PrivilegedPerson(OrderRefused):
    code = "privileged_person"
    sentence = _("This person is an Admin or in Security. Only Security can end their access.")


class SecondPersonNeeded(PrivilegedPerson):
    """Security asks, alone."""

    code = "second_person_needed"
    sentence = _("This person is an Admin or in Security. Ending their access takes a second person.")


class SecondPersonAsksFirst(OrderRefused):
    """A program asks, which can ask no second person.

    `why` holds the codes of what of it is too much, `reach` how much it is, `alone` how much one may end alone.
    """

    code = "second_person_asks_first"
    sentence = _(
        "This is more than may be ended without a second person. Somebody whose role may end it must ask for it in "
        "Curfew, where a second person approves."
    )

    def __init__(self, *, why: Sequence[str], reach: Mapping[str, int], alone: Mapping[str, int]) -> None:
        super().__init__(*why)
        self.why = tuple(why)
        self.reach = reach
        self.alone = alone

    def __str__(self) -> str:
        numbers = _(
            "It would reach %(people)d people with %(sessions)d open sessions, %(privileged)d of them Admins or in "
            "Security. Without a second person that is at most %(most_people)d people, %(percent)d per cent of "
            "everybody, %(most_sessions)d sessions, and nobody of Admins and Security."
        ) % {
            **self.reach,
            "most_people": self.alone["people"],
            "percent": self.alone["percent_of_everybody"],
            "most_sessions": self.alone["sessions"],
        }
        return f"{self.sentence} {numbers}"


class LastAdmin(OrderRefused):
    code = "last_admin"
    sentence = _(
        "This is the last Admin who can sign in. Their sessions can be ended, but sign-in cannot be blocked "
        "until somebody else is Admin."
    )


class ReasonNotAllowed(OrderRefused):
    code = "reason_not_allowed"
    sentence = _("This reason may not be used by whoever asked.")


class NoteTooShort(OrderRefused):
    code = "note_too_short"
    sentence = _("The reason “other” needs a note of at least 10 characters.")


class TicketMalformed(OrderRefused):
    code = "ticket_malformed"
    sentence = _(
        "A ticket is a reference such as HR-2231: letters, digits and - _ . / # : only, at most 100 of them."
    )


class NothingToEnd(OrderRefused):
    code = "nothing_to_end"
    sentence = _("There is nothing here that could be ended.")


class CannotEndAlone(OrderRefused):
    code = "cannot_end_alone"
    sentence = _(
        "The issuer of this session gives it no session id, so no guard could tell it from the person's other "
        "sessions. End the whole person's access instead."
    )


class OrderKeyReused(OrderRefused):
    code = "order_key_reused"
    sentence = _("This order key was already used for a different order.")


class NotBlocked(OrderRefused):
    code = "not_blocked"
    sentence = _("Sign-in is not blocked for this person, so there is nothing to allow again.")
