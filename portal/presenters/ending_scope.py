"""What ends with a project, as it is looked at beforehand, and in words what had changed when it was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.presenters.words import clean, moment_words, name_of, sessions_words
from sessions_app.models import Project, ResourceKind, Session, User
from sessions_app.revocation.coverage import fate_of
from sessions_app.revocation.errors import ActingOnOneself, LastAdmin, PrivilegedPerson
from sessions_app.revocation.leaving import groups_kept

ROWS = 50
LISTED_AT_MOST = 20
LEFT_OUT_WORDS = {
    ActingOnOneself.code: gettext_lazy("whoever ends a project does not end their own access"),
    PrivilegedPerson.code: gettext_lazy("an Admin or in Security; only Security ends their sessions"),
    LastAdmin.code: gettext_lazy("the last Admin, who keeps sign-in"),
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One of the numbers on top; the fields are those of components/tally.html."""

    label: str
    number: str
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class ScopeRow:
    """One person of the project, as ending it would find them."""

    name: str
    sessions: int
    last_active: datetime | None
    keeps: str
    kind: str
    word: str
    second: str = ""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Something that would stop with the project, and whose it is."""

    name: str
    what: str
    owner: str


class Scope:
    """`seen` is a preview as it is kept (`ProjectPreview.as_json`)."""

    def __init__(self, project: Project, seen: dict[str, Any], *, page: str = "") -> None:
        self.project = project
        self.seen = seen
        self._page = page

    # --- Numbers ---

    @property
    def people(self) -> int:
        return len(self.seen["people"])

    @property
    def tally(self) -> list[Cell]:
        blocked, resources = len(self.seen["blocked"]), self.seen["resources"]
        return [
            Cell(
                label=_("contractors"),
                number=f"{self.people:,}",
                line=_("%d lose sign-in") % blocked if blocked else _("nobody loses sign-in"),
            ),
            Cell(
                label=_("live sessions"),
                number=f"{self.seen['sessions']:,}",
                line=_("and any nobody reported"),
            ),
            Cell(label=_("refresh-token families"), number=f"{self.seen['families']:,}", line=_("all end")),
            Cell(
                label=_("removals outside"),
                number=f"{sum(resources.values()):,}",
                line=", ".join(f"{count:,} {_('in')} {clean(name)}" for name, count in resources.items())
                or _("no resource is declared"),
            ),
        ]

    # --- What to look at first ---

    @cached_property
    def goes_on(self) -> list[tuple[str, str]]:
        """(person, projects) of those who also work elsewhere: that is kept."""
        keeps: dict[str, list[str]] = self.seen["keeps"]
        names = names_by_id(list(keeps)[:LISTED_AT_MOST])
        projects = project_names({key for keys in keeps.values() for key in keys})
        return [
            (names[pk], ", ".join(projects.get(key, key) for key in keys))
            for pk, keys in list(keeps.items())[:LISTED_AT_MOST]
            if pk in names
        ]

    @property
    def goes_on_more(self) -> int:
        return max(0, len(self.seen["keeps"]) - LISTED_AT_MOST)

    @cached_property
    def stops(self) -> list[Stop]:
        """Service accounts on the project, and credentials that something depends on."""
        services = User.objects.filter(pk__in=self.seen["services"]).select_related("manager")
        used = self.project.resources.exclude(used_by="").select_related("owner")
        accounts = [
            Stop(name=name_of(each), what=_("service account"), owner=_owner(each.manager))
            for each in services
        ]
        return accounts + [
            Stop(
                name=clean(each.used_by),
                what=_("needs the %(kind)s %(name)s")
                % {"kind": ResourceKind(each.kind).label, "name": clean(each.name)},
                owner=_owner(each.owner),
            )
            for each in used
        ]

    @cached_property
    def groups_kept(self) -> list[str]:
        return kept_words(groups_kept(self.project))

    @cached_property
    def left_out(self) -> list[tuple[str, str]]:
        """(person, why) of those whose sessions stay; they leave the project's groups all the same."""
        codes: dict[str, str] = self.seen["left_out"]
        names = names_by_id(codes)
        return [(names[pk], left_out_words(code)) for pk, code in codes.items() if pk in names]

    # --- People ---

    @cached_property
    def page(self) -> Page[User]:
        people = User.objects.filter(pk__in=self.seen["people"]).order_by("display_name", "id")
        return Paginator(people, ROWS).get_page(self._page)

    @cached_property
    def rows(self) -> list[ScopeRow]:
        people = list(self.page.object_list)
        projects = project_names({key for keys in self.seen["keeps"].values() for key in keys})
        sessions = _open_sessions(people)
        last_active = _last_active(people)
        return [
            self._row(user, sessions.get(user.pk, ()), last_active.get(user.pk), projects) for user in people
        ]

    def _row(
        self, user: User, sessions: Sequence[Session], last: datetime | None, projects: dict[str, str]
    ) -> ScopeRow:
        kind, word = self._how(user, sessions)
        return ScopeRow(
            name=name_of(user),
            sessions=len(sessions),
            last_active=last,
            keeps=", ".join(projects.get(key, key) for key in self.seen["keeps"].get(str(user.pk), ())),
            kind=kind,
            word=word,
            second=self._afterwards(str(user.pk)),
        )

    def _how(self, user: User, sessions: Sequence[Session]) -> tuple[str, str]:
        """A key of `portal.states`, and its word where that is not the usual one."""
        if str(user.pk) in self.seen["left_out"]:
            return "off", _("Sessions stay")
        until = [fate.lives_until for fate in map(fate_of, sessions) if fate.lives_until]
        if not until:
            return "at_once", ""
        word = _("%(sessions)s until %(at)s UTC") % {
            "sessions": sessions_words(len(until)),
            "at": moment_words(max(until)),
        }
        return "cannot_be_cut", word

    def _afterwards(self, pk: str) -> str:
        if pk in self.seen["left_out"]:
            return left_out_words(self.seen["left_out"][pk])
        return _("loses sign-in") if pk in self.seen["blocked"] else _("may sign in again")


def kept_words(kept: Mapping[str, Sequence[str]]) -> list[str]:
    """Each group that nobody leaves, in a sentence that says because of which project."""
    names = project_names({key for keys in kept.values() for key in keys})
    return [
        _("Nobody leaves the group %(group)s: %(projects)s has it too, and goes on.")
        % {"group": clean(group), "projects": ", ".join(names.get(key, clean(key)) for key in keys)}
        for group, keys in sorted(kept.items())
    ]


def left_out_words(code: str) -> str:
    return str(LEFT_OUT_WORDS.get(code, code))


def names_by_id(ids: Iterable[str]) -> dict[str, str]:
    return {str(user.pk): name_of(user) for user in User.objects.filter(pk__in=list(ids))}


def project_names(keys: Iterable[str]) -> dict[str, str]:
    """Their names by key: tokens and entries have the key, people say the name."""
    return {each.key: clean(each.name) for each in Project.objects.filter(key__in=list(keys))}


def _owner(user: User | None) -> str:
    return name_of(user) if user else _("nobody is named as owner")


def _open_sessions(people: Sequence[User]) -> dict[UUID, list[Session]]:
    found: dict[UUID, list[Session]] = {}
    sessions = Session.objects.filter(user__in=people).open().prefetch_related("applications")
    for session in sessions:
        found.setdefault(session.user_id, []).append(session)
    return found


def _last_active(people: Sequence[User]) -> dict[UUID, datetime]:
    rows = Session.objects.filter(user__in=people).values("user").annotate(last=Max("last_used_at"))
    return dict(rows.values_list("user", "last"))


# --- What changed since it was looked at ----------------------------------------------------------


def news_words(news: dict[str, Any]) -> list[str]:
    """What was different when it was carried out, in sentences: '3 people more than was shown.'"""
    sentences = []
    if came := len(news.get("came", ())):
        sentences.append(
            ngettext("%(count)d person more than was shown.", "%(count)d people more than was shown.", came)
            % {"count": came}
        )
    if went := len(news.get("went", ())):
        sentences.append(
            ngettext("%(count)d person less than was shown.", "%(count)d people less than was shown.", went)
            % {"count": went}
        )
    for name, words in COUNTED.items():
        if name in news:
            sentences.append(str(words) % news[name])
    for name, words in LISTED.items():
        if name in news:
            counts = {side: len(news[name][side]) for side in ("seen", "found")}
            sentences.append(_listed(words, counts))
    return sentences


COUNTED = {
    "sessions": gettext_lazy("%(found)d live sessions, %(seen)d were shown."),
    "families": gettext_lazy("%(found)d refresh-token families, %(seen)d were shown."),
}
LISTED = {
    "blocked": gettext_lazy("%(found)d lose sign-in, %(seen)d were shown."),
    "left_out": gettext_lazy("%(found)d left out, %(seen)d were shown."),
    "keeps": gettext_lazy("%(found)d go on elsewhere, %(seen)d were shown."),
    "services": gettext_lazy("%(found)d service accounts, %(seen)d were shown."),
}


def _listed(words: Any, counts: dict[str, int]) -> str:
    return str(words) % counts
