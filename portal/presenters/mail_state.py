"""Whether reminders go out by mail, and if not, why not: the line in settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.presenters.words import clean
from sessions_app.models import Notice
from sessions_app.notifications import mail
from sessions_app.notifications.notices import NEEDLESS

LOOKED_BACK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class MailState:
    """`kind` is a key of `portal.states`. Never a password, never whom a mail was for."""

    kind: str
    sentence: str


def mail_state() -> MailState:
    if not mail.is_configured():
        return MailState(
            kind="off",
            sentence=_(
                "No mail server is named (MAIL_FROM and MAIL_URL), so reminders stand in the portal only."
            ),
        )
    failing = Notice.objects.open().exclude(last_error="").order_by("-next_try_at")
    error = failing.values_list("last_error", flat=True).first()
    if error:
        return MailState(kind="failed", sentence=f"{_failing(error, failing.count())} {_given_up()}".strip())
    return MailState(kind="on", sentence=f"{_going_out()} {_given_up()}".strip())


def _server() -> str:
    server = settings.MAIL_SERVER
    return f"{server.host}:{server.port}" if server else ""


def _failing(error: str, count: int) -> str:
    sentence = ngettext(
        "%(server)s did not take mail: %(error)s. %(count)d reminder waits and is tried again.",
        "%(server)s did not take mail: %(error)s. %(count)d reminders wait and are tried again.",
        count,
    )
    return sentence % {"server": _server(), "error": error, "count": count}


def _going_out() -> str:
    count = Notice.objects.filter(sent_at__gt=timezone.now() - LOOKED_BACK).count()
    sentence = _("Reminders go out as %(sender)s through %(server)s: %(count)d in 7 days.")
    return sentence % {"sender": clean(settings.MAIL_FROM), "server": _server(), "count": count}


def _given_up() -> str:
    lost = Notice.objects.filter(closed_at__gt=timezone.now() - LOOKED_BACK).exclude(last_error=NEEDLESS)
    newest = lost.order_by("-closed_at").first()
    if newest is None:
        return ""
    sentence = _("%(count)d could not be delivered, the last one because of: %(error)s.")
    return sentence % {"count": lost.count(), "error": newest.last_error}
