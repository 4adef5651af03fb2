"""One entry opened: its place in the chain, what lies before and after it, and what belonged to the same request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse

from audit.models import AuditEntry, ChainLink
from audit.search import EntryQuerySet, neighbours
from portal.access import may
from portal.audit_scope import entries_for
from portal.presenters.audit_entries import AuditRow, rows_for
from portal.roles import May
from sessions_app.models import User

COUNTED_AT_MOST = 100


@dataclass(frozen=True, kw_only=True)
class AuditRecord:
    """An entry for one reader, with the entries around it that they may read."""

    reader: User
    entry: AuditEntry
    is_unmasked: bool = False

    @cached_property
    def row(self) -> AuditRow:
        (row,) = rows_for(self.reader, [self.entry])
        return replace(row, sight=replace(row.sight, sees_details=True)) if self.is_unmasked else row

    @property
    def masked_kinds(self) -> list[str]:
        """What unmasking would show, for readers who may ask for it."""
        if not may(self.reader, May.UNMASK_DETAILS):
            return []
        return [line.kind for line in self.row.personal if line.is_masked]

    @property
    def masked_words(self) -> str:
        """The same in words."""
        return ", ".join(line.label for line in self.row.personal if line.is_masked)

    @cached_property
    def _around(self) -> tuple[AuditEntry | None, AuditEntry | None]:
        return neighbours(self._reach, self.entry)

    @property
    def earlier(self) -> AuditRow | None:
        """The last entry before this one."""
        return self._shown(self._around[0])

    @property
    def later(self) -> AuditRow | None:
        """The first one after it."""
        return self._shown(self._around[1])

    def _shown(self, entry: AuditEntry | None) -> AuditRow | None:
        return rows_for(self.reader, [entry])[0] if entry else None

    @cached_property
    def others_of_request(self) -> int:
        """How many other entries the same request wrote, counted up to a hundred."""
        if not self.entry.cid:
            return 0
        others = self._reach.filter(cid=self.entry.cid).exclude(pk=self.entry.pk)
        return others.order_by()[:COUNTED_AT_MOST].count()

    @property
    def request_url(self) -> str:
        return f"{reverse('audit')}?{urlencode({'q': f'request:{self.entry.cid}'})}"

    @cached_property
    def link_before(self) -> ChainLink | None:
        """The link this entry's own is chained to."""
        link = self.row.link
        return ChainLink.objects.filter(number__lt=link.number).order_by("-number").first() if link else None

    @property
    def hash_before(self) -> str:
        return bytes(self.link_before.hash).hex() if self.link_before else ""

    @property
    def _reach(self) -> EntryQuerySet:
        return entries_for(self.reader).with_subjects()
