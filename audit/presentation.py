"""An entry as a sentence for people; where a personal value was blanked, a pseudonym stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.utils.dateformat import format as date_format
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, ngettext

from audit.events import Outcome
from audit.initiators import UNIDENTIFIED, InitiatorKind
from audit.models import AuditEntry, AuditSubject
from audit.personal import SubjectRole

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]{5,15}(Z|[+-]\d\d:\d\d)")
NOTHING = "\N{EN DASH}"
# Embeddings, overrides and isolates could make a sentence read differently from what it says.
DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


_named: dict[str, dict[str, StrOrPromise]] = {}


def name_codes(field: str, labels: Mapping[str, StrOrPromise]) -> None:
    """From here on sentences say these codes of a field ("reason", "why", "role") in words.

    Whoever owns the codes calls it once when its app is ready: the trail keeps codes and knows no words for them.
    """
    _named.setdefault(field, {}).update(labels)


def sentence(entry: AuditEntry, subjects: Iterable[AuditSubject]) -> str:
    """What happened, in the reader's language, as plain text: whoever shows it must escape it.

    Pass no subjects to a reader who may not see names.
    """
    names = {(subject.role, subject.kind): subject.value for subject in subjects}
    spoken = {
        **{key: _in_words(key, value) for key, value in entry.details.items()},
        "initiator": _visible(names.get((SubjectRole.INITIATOR, "name"))) or initiator_pseudonym(entry),
        "target": _visible(names.get((SubjectRole.TARGET, "label"))) or target_pseudonym(entry),
        "event": entry.event.name,
        "reason": _in_words("reason", entry.reason_code) or NOTHING,
        "receipt": entry.receipt or NOTHING,
        "project": entry.project_key or NOTHING,
        "sessions": _sessions(entry.sessions_ended),
        "fields": ", ".join(sorted(entry.changes or {})),
    }
    return str(entry.event.sentence_for(Outcome(entry.outcome))) % _OrNothing(spoken)


def in_words(field: str, code: str) -> str:
    """What a code of a field is called, where its owner named it; else the code itself."""
    return _in_words(field, code)


def person_pseudonym(person: str) -> str:
    """Somebody without a name."""
    return gettext("person %(id)s") % {"id": _short(person)}


def initiator_pseudonym(entry: AuditEntry) -> str:
    """Who asked, without a name."""
    match entry.initiator_kind:
        case InitiatorKind.USER:
            return person_pseudonym(entry.initiator_id)
        case InitiatorKind.CLOCK:
            return gettext("the clock")
        case InitiatorKind.SHELL:
            return gettext("the shell (%(id)s)") % {"id": entry.initiator_id}
        case InitiatorKind.MACHINE if entry.initiator_id == UNIDENTIFIED:
            return gettext("somebody unidentified")
        case _:
            return gettext("machine %(id)s") % {"id": _short(entry.initiator_id)}


def target_pseudonym(entry: AuditEntry) -> str:
    """What it was about, without a name."""
    if not entry.target_id:
        return NOTHING
    if entry.target_kind == "user":
        return person_pseudonym(entry.target_id)
    return f"{entry.target_kind.replace('_', ' ')} {_short(entry.target_id)}"


class _OrNothing(dict[str, str]):
    """A sentence with a dash is better than a page that cannot be shown."""

    def __missing__(self, key: str) -> str:
        return NOTHING


def _in_words(field: str, value: Any) -> str:
    """The code's words; the code itself where nobody named it. A sentence within a sentence has no full stop."""
    if isinstance(value, list):
        return ", ".join(_in_words(field, each) for each in value)
    named = _named.get(field, {})
    if isinstance(value, str) and value in named:
        return str(named[value]).rstrip(".")
    return _moment(value) or _visible(value)


def _moment(value: Any) -> str:
    """A moment as details keep it (ISO 8601 with an offset), as people read it; empty for everything else."""
    found = parse_datetime(value) if isinstance(value, str) and MOMENT.fullmatch(value) else None
    if found is None or found.tzinfo is None:
        return ""
    return f"{date_format(found.astimezone(UTC), 'j M Y, H:i')} UTC"


def _short(identifier: str) -> str:
    """Enough of an id to tell it from its neighbours on a page."""
    visible = _visible(identifier)
    return visible if len(visible) <= 13 else f"{visible[:8]}\N{HORIZONTAL ELLIPSIS}{visible[-4:]}"


def _visible(value: Any) -> str:
    """One line of text without control characters; lists are joined."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_visible(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_visible(item)}" for key, item in value.items())
    return "".join(char for char in str(value) if not _misleads(char)).strip()


def _misleads(char: str) -> bool:
    return char in DIRECTION_MARKS or unicodedata.category(char) == "Cc"


def _sessions(count: int | None) -> str:
    if count is None:
        return NOTHING
    return ngettext("%(count)d session", "%(count)d sessions", count) % {"count": count}
