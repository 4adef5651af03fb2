"""What pages of settings have in common: one form in its place, and its way to the named change that stores it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.forms import BaseForm
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from portal.htmx import HtmxRequest, page_or_part
from portal.settings_forms import say_refusal
from sessions_app.changes.errors import ChangeRefused

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SAVE = _("Save")
SAVING = _("Saving is an entry of the audit trail, with what was there before.")


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something else that can be done with what the form shows, behind a question of its own."""

    word: StrOrPromise
    url: str


@dataclass(frozen=True, kw_only=True)
class FormPage:
    """A page with one form. `above` is the list it belongs to, `back` where Cancel leads: the list unless said.

    `root` is where all of it begins, if not at Settings. What is `is_final` cannot be undone, and looks like it.
    """

    title: StrOrPromise
    above: StrOrPromise
    above_url: str
    back: str = ""
    submit: StrOrPromise = SAVE
    foot: StrOrPromise = SAVING
    steps: tuple[Step, ...] = ()
    root: StrOrPromise = ""
    root_url: str = ""
    is_final: bool = False
    answers_with_a_file: bool = False
    question: StrOrPromise = ""
    """Read before it is saved: the same form sent again with `confirms` means it."""
    confirms: str = ""


def form_page(request: HtmxRequest, form: BaseForm, page: FormPage) -> HttpResponse:
    """The page as it is first seen, or with what is to be put right: 422."""
    status = 422 if form.is_bound and request.method == "POST" else 200
    context = {"form": form, "page": page}
    return page_or_part(request, "portal/settings/edit.html", "settings-form", context, status=status)


def is_taken(form: BaseForm, change: Callable[[], object], *, fields: dict[str, str] | None = None) -> bool:
    """Whether the form is filled in well and the change happened; a refusal is said on the form."""
    if not form.is_valid():
        return False
    try:
        change()
    except ChangeRefused as refusal:
        say_refusal(form, refusal, fields=fields)
        return False
    return True
