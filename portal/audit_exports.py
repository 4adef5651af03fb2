"""What somebody's export of the trail holds: the entries they may read and asked for, as they see them on the page."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import gettext as _

from audit.exports.jobs import Commission, NotAllowedAnyMore
from audit.exports.models import ExportJob
from audit.exports.reading import Reading, ReadsNote
from audit.exports.rows import Selection
from audit.initiators import Door, Initiator, InitiatorKind
from audit.models import AuditEntry
from audit.query import AuditQuery
from portal.access import may
from portal.presenters.audit_filter import AuditQuestion
from portal.presenters.audit_personal import masked_value, reads_note
from portal.roles import May, roles_with
from sessions_app.audit_questions import problem_of
from sessions_app.models import MachineCredential, Scope, User


def selection_for(question: AuditQuestion, *, with_notes: object) -> Selection:
    """Exactly what the page would list for this reader."""
    return Selection(entries=question.entries(), reading=reading_of(question.reader, with_notes=with_notes))


def commission_of(job: ExportJob) -> Commission:
    """What a job in the background is to hold: by the rights of this moment, whatever they were when it was asked for.

    Raises NotAllowedAnyMore.
    """
    if job.initiator_kind == InitiatorKind.MACHINE:
        return _for_program(job)
    return _for_person(job)


def _for_person(job: ExportJob) -> Commission:
    reader = _reader_of(job)
    question = AuditQuestion(reader=reader, line=job.line)
    if question.problem:
        raise NotAllowedAnyMore(question.problem)
    selection = selection_for(question, with_notes=job.has_notes)
    by = _initiator_of(job, name=reader.display_name, roles=frozenset(map(str, reader.roles)))
    return Commission(selection=selection, by=by, rights=_grants_of(reader))


def is_still_entitled(reader: User, job: ExportJob) -> bool:
    """Whether every grant still counts by which the file was written: without one of them it may hold too much."""
    return set(job.rights) <= set(_grants_of(reader))


def _grants_of(reader: User) -> tuple[str, ...]:
    return tuple(str(grant.pk) for grant in reader.active_grants())


def _reader_of(job: ExportJob) -> User:
    found: User | None = (
        User.objects.filter(pk=job.initiator_id).first() if job.initiator_kind == "user" else None
    )
    if found is None or not found.is_active or not may(found, May.EXPORT_AUDIT):
        raise NotAllowedAnyMore(_("Whoever asked for it may not export the trail any more."))
    return found


def _for_program(job: ExportJob) -> Commission:
    """All of the trail, with details masked as for an auditor; notes are for people, whatever a program asks."""
    credential = MachineCredential.objects.filter(prefix=job.initiator_id).first()
    if credential is None or not credential.may(Scope.AUDIT_EXPORT):
        raise NotAllowedAnyMore(_("The credential that asked for it may not export the trail any more."))
    query = AuditQuery(line=job.line)
    if problem := problem_of(query):
        raise NotAllowedAnyMore(problem)
    selection = Selection(
        entries=query.entries(AuditEntry.objects.all()),
        reading=Reading(reader_id=credential.prefix, mask=masked_value),
    )
    return Commission(selection=selection, by=_initiator_of(job, name=credential.name))


def _initiator_of(job: ExportJob, *, name: str, roles: frozenset[str] = frozenset()) -> Initiator:
    return Initiator(
        kind=InitiatorKind(job.initiator_kind),
        id=job.initiator_id,
        name=name,
        door=Door(job.door),
        roles=roles,
        correlation_id=job.cid,
    )


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
