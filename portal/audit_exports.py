"""What somebody's export of the trail holds: the entries they may read and asked for, as they see them on the page."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import gettext as _

from audit.exports.jobs import Commission, NotAllowedAnyMore
from audit.exports.models import ExportJob
from audit.exports.reading import Reading, ReadsNote
from audit.exports.rows import Selection
from audit.initiators import Door, Initiator, InitiatorKind
from portal.access import may
from portal.presenters.audit_filter import AuditQuestion
from portal.presenters.audit_personal import masked_value, reads_note
from portal.roles import May, roles_with
from sessions_app.models import User


def selection_for(question: AuditQuestion, *, with_notes: object) -> Selection:
    """Exactly what the page would list for this reader."""
    return Selection(entries=question.entries(), reading=reading_of(question.reader, with_notes=with_notes))


def commission_of(job: ExportJob) -> Commission:
    """What a job in the background is to hold: by the rights of this moment, whatever they were when it was asked for.

    Raises NotAllowedAnyMore.
    """
    reader = _reader_of(job)
    question = AuditQuestion(reader=reader, line=job.line)
    if question.problem:
        raise NotAllowedAnyMore(question.problem)
    by = Initiator(
        kind=InitiatorKind.USER,
        id=str(reader.pk),
        name=reader.display_name,
        door=Door(job.door),
        roles=frozenset(map(str, reader.roles)),
        correlation_id=job.cid,
    )
    return Commission(selection=selection_for(question, with_notes=job.has_notes), by=by)


def _reader_of(job: ExportJob) -> User:
    found: User | None = (
        User.objects.filter(pk=job.initiator_id).first() if job.initiator_kind == "user" else None
    )
    if found is None or not found.is_active or not may(found, May.EXPORT_AUDIT):
        raise NotAllowedAnyMore(_("Whoever asked for it may not export the trail any more."))
    return found


def reading_of(reader: User, *, with_notes: object) -> Reading:
    sees_origin = reader.reaches_everybody(through=roles_with(May.SEE_SESSION_ORIGIN))
    return Reading(
        reader_id=str(reader.pk),
        mask=None if sees_origin else masked_value,
        reads_note=_notes_for(reader) if with_notes else None,
    )


def _notes_for(reader: User) -> ReadsNote:
    """Asked once for each initiator and their roles, however many entries they have."""

    @lru_cache(maxsize=4096)
    def reads(initiator_id: str, roles: str) -> bool:
        return reads_note(reader, initiator_id=initiator_id, roles_then=roles.split(","))

    return reads
