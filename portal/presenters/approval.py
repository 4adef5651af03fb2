"""One request for a second person: who asked, what changed since, and what this reader may do about it."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import may, people_for, revocations_for
from portal.presenters.approval_people import PeopleAsked, names_many
from portal.presenters.approval_words import SINCE, left_words, numbers_of, title_of
from portal.presenters.audit_personal import reads_note
from portal.presenters.audit_words import BECAUSE
from portal.presenters.words import clean, moment_words, name_of
from portal.roles import May
from portal.states import LOOKS
from sessions_app.changes import approval_rules
from sessions_app.changes.approvals import asker_of
from sessions_app.changes.errors import ChangeRefused
from sessions_app.models import Approval, ApprovalKind, ApprovalState, Revocation, User
from sessions_app.models.reasons import Reason

LONGEST_NOTE = 2000
LOOK_OF = {
    ApprovalState.WAITING: "waiting",
    ApprovalState.APPROVED: "approved",
    ApprovalState.DECLINED: "declined",
    ApprovalState.LAPSED: "lapsed",
    ApprovalState.WITHDRAWN: "withdrawn",
    ApprovalState.OVERTAKEN: "overtaken",
    ApprovalState.BROKEN_GLASS: "done_alone",
}


class ApprovalPage:
    """One request as this reader sees it."""

    def __init__(self, approval: Approval, reader: User) -> None:
        self.approval = approval
        self.reader = reader

    @property
    def url(self) -> str:
        return reverse("approval", args=[self.approval.pk])

    @property
    def title(self) -> str:
        return title_of(self.approval)

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        return [(_("Approvals"), reverse("approvals")), (self.title, "")]

    @property
    def look(self) -> str:
        """A request whose time is over waits no more, although the clock has not said so yet."""
        state = ApprovalState(self.approval.state)
        is_late = state == ApprovalState.WAITING and not self.approval.is_waiting
        return LOOK_OF[ApprovalState.LAPSED if is_late else state]

    @property
    def word(self) -> str:
        return str(LOOKS[self.look].word)

    @property
    def line(self) -> str:
        return _("%(who)s asked at %(when)s UTC: %(numbers)s.") % {
            "who": name_of(self.approval.asked_by),
            "when": moment_words(self.approval.asked_at),
            "numbers": numbers_of(self.approval),
        }

    @property
    def left(self) -> str:
        return left_words(self.approval) if self.approval.is_waiting else ""

    @property
    def why(self) -> list[str]:
        return [str(BECAUSE.get(code, code)) for code in self.approval.why]

    @cached_property
    def since(self) -> list[str]:
        """What is different by now; only while it waits, because afterwards the receipt says it."""
        find = SINCE.get(self.approval.kind)
        return find(self.approval) if find and self.approval.is_waiting else []

    @property
    def facts(self) -> list[tuple[str, str]]:
        found = [(_("Asked by"), self._asker), (_("People and sessions"), numbers_of(self.approval))]
        found += self._asked
        if self.reads_note and self.approval.asked_note:
            found.append((_("Note"), clean(self.approval.asked_note, LONGEST_NOTE)))
        if self.approval.decided_at and not self.approval.is_waiting:
            found += self._decided
        if self.approval.reviewed_at:
            found += self._reviewed
        return found

    @cached_property
    def people(self) -> PeopleAsked | None:
        """Whom it is about, as long as it can be decided; afterwards the receipt says it."""
        is_open = self.approval.is_waiting and names_many(self.approval)
        return PeopleAsked(self.approval, self.reader) if is_open else None

    @property
    def _asker(self) -> str:
        """With whatever machine of theirs asked."""
        initiator = asker_of(self.approval)
        name = name_of(self.approval.asked_by)
        if initiator.user_id is not None:
            return name
        return _("%(machine)s, made by %(person)s") % {"machine": clean(initiator.name), "person": name}

    @property
    def _asked(self) -> list[tuple[str, str]]:
        asked = self.approval.request
        found = []
        if asked.get("reason") in Reason.values:
            found.append((_("Reason"), str(Reason(asked["reason"]).label)))
        for key, label in (("due_at", _("When")), ("ends_at", _("New end"))):
            moment = parse_datetime(asked.get(key) or "")
            if moment is not None:
                found.append((label, f"{moment_words(moment)} UTC"))
        if asked.get("ticket"):
            found.append((_("Ticket"), clean(asked["ticket"])))
        return found

    @property
    def _decided(self) -> list[tuple[str, str]]:
        if self.approval.state == ApprovalState.OVERTAKEN:
            return [(self.word, self._overtaken)]
        who = name_of(self.approval.decided_by) if self.approval.decided_by else _("the clock")
        found = [(self.word, _("%(who)s, %(when)s UTC") % self._who_when(who, self.approval.decided_at))]
        if self.reads_note and self.approval.note:
            found.append((_("Because"), clean(self.approval.note, LONGEST_NOTE)))
        return found

    @property
    def _overtaken(self) -> str:
        """Nobody decided it: there was nothing left to decide."""
        project = self.approval.project
        ended_at = project.ended_at if project else None
        if ended_at is None:
            return _("The project had ended without it.")
        return _("The project had ended without it, at %s UTC.") % moment_words(ended_at)

    @property
    def _reviewed(self) -> list[tuple[str, str]]:
        who = name_of(self.approval.reviewed_by) if self.approval.reviewed_by else ""
        words = _("%(who)s, %(when)s UTC") % self._who_when(who, self.approval.reviewed_at)
        found = [(_("Reviewed"), words), (_("Verdict"), str(self.approval.get_verdict_display()))]
        if self.reads_note and self.approval.review_note:
            found.append((_("Note of the review"), clean(self.approval.review_note, LONGEST_NOTE)))
        return found

    @staticmethod
    def _who_when(who: str, when: datetime | None) -> dict[str, str]:
        return {"who": who, "when": moment_words(when) if when else ""}

    @property
    def reads_note(self) -> bool:
        """Whoever asked, whoever may decide, and whoever reads notes of that kind anyway."""
        if self.reader.pk in (self.approval.asked_by_id, self.approval.decided_by_id):
            return True
        if may(self.reader, May.APPROVE):
            return True
        asked = self.approval.asked_as
        return reads_note(self.reader, initiator_id=asked["id"], roles_then=asked["roles"])

    # --- Where it leads ---

    @property
    def links(self) -> list[tuple[str, str]]:
        """The person, the project and the receipt, as far as the reader may open them."""
        return [*self._person_link, *self._receipt_link]

    @property
    def _person_link(self) -> list[tuple[str, str]]:
        person = self.approval.person
        if person is None or not people_for(self.reader, May.SEE_PEOPLE).filter(pk=person.pk).exists():
            return []
        return [(name_of(person), reverse("person", args=[person.pk]))]

    @property
    def _receipt_link(self) -> list[tuple[str, str]]:
        revocation = self._revocation
        if revocation is None or not revocations_for(self.reader).filter(pk=revocation.pk).exists():
            return []
        words = _("Receipt %s") % revocation.receipt
        return [(words, reverse("receipt", args=[revocation.receipt]))]

    @property
    def _revocation(self) -> Revocation | None:
        """What was carried out with it, or what ended the project without it."""
        project = self.approval.project
        if self.approval.state != ApprovalState.OVERTAKEN or project is None:
            carried_out: Revocation | None = self.approval.revocation
            return carried_out
        ending = project.endings.exclude(revocation=None).select_related("revocation").first()
        return ending.revocation if ending else None

    # --- What the reader may do ---

    @cached_property
    def refusal(self) -> ChangeRefused | None:
        """Why this reader does not decide it."""
        return approval_rules.why_not_decide(self.approval, self.reader)

    @property
    def may_decide(self) -> bool:
        return self.approval.is_waiting and may(self.reader, May.APPROVE) and self.refusal is None

    @property
    def why_not(self) -> str:
        """Said only to those whose role approves anything at all, and while there is something to approve."""
        if not self.approval.is_waiting or not may(self.reader, May.APPROVE) or self.refusal is None:
            return ""
        return "" if self.is_own else str(self.refusal)

    @property
    def is_own(self) -> bool:
        return self.reader.pk == self.approval.asked_by_id

    @property
    def may_withdraw(self) -> bool:
        return self.approval.is_waiting and self.is_own

    @property
    def may_break_glass(self) -> bool:
        if not self.approval.is_waiting or not may(self.reader, May.BREAK_GLASS):
            return False
        return approval_rules.may_break_glass(self.approval, self.reader)

    @property
    def is_to_review(self) -> bool:
        return self.approval.state == ApprovalState.BROKEN_GLASS and self.approval.reviewed_at is None

    @property
    def may_review(self) -> bool:
        return self.is_to_review and may(self.reader, May.APPROVE) and self.refusal is None

    @property
    def review_words(self) -> str:
        due = self.approval.review_due_at
        if due is None or not self.is_to_review:
            return ""
        late = due < timezone.now()
        sentence = _("The review was due %s UTC.") if late else _("The review is due %s UTC.")
        return sentence % moment_words(due)

    @property
    def approve_words(self) -> str:
        """Verb and count, as the button of the deed itself would say it."""
        if self.approval.kind == ApprovalKind.EXTEND_PROJECT:
            return _("Approve the extension")
        if self.approval.kind == ApprovalKind.SHORTEN_PROJECT:
            return _("Approve the earlier end")
        if self.approval.kind == ApprovalKind.TAKE_GROUPS:
            return _("Approve: take the groups off")
        count = self.approval.people
        words = ngettext(
            "Approve: end %(count)d person’s access", "Approve: end %(count)d people’s access", count
        )
        return words % {"count": count}
