"""What somebody's export of the trail holds: the entries they may read and asked for, as they see them on the page."""

from __future__ import annotations

from audit.exports.reading import Notes, Reading
from audit.exports.rows import Selection
from portal.presenters.audit_filter import AuditQuestion
from portal.presenters.sessions import masked
from portal.roles import May, roles_with
from sessions_app.models import Role, User

UNREADABLE_ADDRESS = "•"


def selection_for(question: AuditQuestion, *, with_notes: object) -> Selection:
    """Exactly what the page would list for this reader."""
    return Selection(entries=question.entries(), reading=reading_of(question.reader, with_notes=with_notes))


def reading_of(reader: User, *, with_notes: object) -> Reading:
    sees_origin = reader.reaches_everybody(through=roles_with(May.SEE_SESSION_ORIGIN))
    return Reading(
        reader_id=str(reader.pk),
        roles=frozenset(map(str, reader.roles)),
        mask_address=None if sees_origin else mask,
        notes=_notes_of(reader) if with_notes else Notes.NONE,
    )


def mask(address: str) -> str:
    """Half of an address; of anything else nothing at all."""
    try:
        return masked(address)
    except ValueError:
        return UNREADABLE_ADDRESS


def _notes_of(reader: User) -> Notes:
    """What was written down is for the initiator's own role and for Security."""
    return Notes.ALL if Role.SECURITY in reader.roles else Notes.OF_OWN_ROLES
