"""A language in which every translated text is in brackets, and a reader who collects what is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from django.apps import apps
from django.db.models import CharField, JSONField, TextField
from django.test import Client
from django.utils import translation

from portal.templatetags.curfew import initials
from sessions_app.models import User

OPENING, CLOSING = "⟦", "⟧"
WORD = re.compile(r"\w+")
NOT_WORDS = re.compile(r"[\d_]")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|CF-\w+|\d+")
SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-label", "data-announce")
CODE = ("code", "kbd", "script", "style", "textarea")
ALLOWED = {"Curfew", "UTC", "ms"}
TYPED = ("q=", "person=", "after=", "next=", "page=", "department=", "group=", "company=")
LEFT_ALONE = ("/accounts/logout/", "/theme/", "/accounts/login/")


def speak_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, whatever goes through gettext comes back in brackets."""
    for name in ("gettext", "ngettext", "pgettext", "npgettext"):
        monkeypatch.setattr(translation._trans, name, _bracketed(getattr(translation._trans, name)))


def _bracketed(translate: Callable[..., str]) -> Callable[..., str]:
    def bracketed(*message: Any) -> str:
        words = translate(*message)
        return f"{OPENING}{words}{CLOSING}" if words else words

    return bracketed


class Page(HTMLParser):
    """What a person reads on a page, hears of it, and can go to from it."""

    def __init__(self, html: str, address: str) -> None:
        super().__init__()
        self.address = address
        self.text: list[str] = []
        self.spoken: list[str] = []
        self.links: list[str] = []
        self.forms: list[str] = []
        self._code_depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self._code_depth += tag in CODE
        self.text.append(" ")
        self.spoken += [known[name] for name in SPOKEN if name in known]
        self.links += [urljoin(self.address, known[name]) for name in ("href", "hx-get") if known.get(name)]
        if known.get("id") == "words":
            self.spoken += [value for name, value in known.items() if name.startswith("data-")]
        if tag == "form" and known.get("method") == "post":
            self.forms.append(known.get("action", self.address))

    def handle_endtag(self, tag: str) -> None:
        self._code_depth -= tag in CODE
        self.text.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._code_depth:
            self.text.append(data)

    def words_outside_brackets(self) -> set[str]:
        read = [outside_brackets("".join(self.text)), *map(outside_brackets, self.spoken)]
        tokens = {token for part in read for token in WORD.findall(part)}
        return {token for token in tokens if len(token) > 1 and not NOT_WORDS.search(token)}


def outside_brackets(text: str) -> str:
    """Translated texts may hold others, so brackets are counted."""
    depth, kept = 0, []
    for letter in text:
        depth += letter == OPENING
        kept.append(letter if depth == 0 else " ")
        depth -= letter == CLOSING
    return "".join(kept)


def words_in_database() -> set[str]:
    """Every word somebody stored, and what we make of names."""
    stored = {word for value in _texts() for word in WORD.findall(value)}
    return stored | {initials(name) for name in User.objects.values_list("display_name", flat=True)}


def _texts() -> Iterator[str]:
    for model in apps.get_models():
        for field in model._meta.fields:
            if isinstance(field, CharField | TextField | JSONField):
                for value in model._base_manager.values_list(field.name, flat=True):
                    yield from _texts_in(value)


def _texts_in(value: Any) -> Iterator[str]:
    """Of structured values the values only: their keys are ours."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts_in(each)
    elif value is not None:
        yield str(value)


def everything_read_by(client: Client, start: str) -> Iterator[Page]:
    """Every page and fragment that can be reached from here, one of each kind, and every form sent empty."""
    waiting, seen = [("get", start)], set()
    while waiting:
        method, address = waiting.pop()
        if _kind(method, address) in seen or not _is_ours(address):
            continue
        seen.add(_kind(method, address))
        response = getattr(client, method)(address, follow=True)
        if "text/html" not in response.get("Content-Type", ""):
            continue
        page = Page(response.content.decode(), address)
        waiting += [("get", link) for link in page.links] + [("post", form) for form in page.forms]
        yield page


def _is_ours(address: str) -> bool:
    """Filters can be combined without end, and say nothing new together: one of them at a time is enough."""
    alone = len(parse_qsl(urlsplit(address).query)) < 2
    return (
        alone and address.startswith("/") and not address.startswith(LEFT_ALONE) and "/static/" not in address
    )


def _kind(method: str, address: str) -> tuple[str, str, str]:
    """Two people, or two receipts, have the same kind of page; every value of a filter but a typed one is its own."""
    parts = urlsplit(address)
    query = "*" if parts.query.startswith(TYPED) else parts.query
    return method, ID.sub("*", parts.path), query
