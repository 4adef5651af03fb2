"""Reading a body: JSON, not too long, not too deep, nothing a database or a reader could stumble over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn, cast

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.parser import Parser

LARGEST_BODY = 64 * 1024
DEEPEST = 16


class BodyRefused(Exception):
    """The body was not even looked into."""

    status = 400
    code = "malformed_body"
    sentence = _("The body is not JSON, or contains a name twice.")


class BodyTooLarge(BodyRefused):
    status = 413
    code = "body_too_large"
    sentence = _("The body is larger than 64 KiB.")


class BodyTooDeep(BodyRefused):
    code = "body_too_deep"
    sentence = _("The body is nested deeper than 16 levels.")


class NotJson(BodyRefused):
    status = 415
    code = "not_json"
    sentence = _("Send the body as application/json.")


class HiddenCharacters(BodyRefused):
    status = 422
    code = "hidden_characters"
    sentence = _("A text contains a NUL character or half a character.")


class StrictJson(Parser):
    """Stricter than JSON: one value per name, no NaN, bounded size and depth, only real characters."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body of the request. Raises a child of BodyRefused."""
        if request.content_type != "application/json":
            raise NotJson
        if len(request.body) > LARGEST_BODY:
            raise BodyTooLarge
        found = _parsed(request.body)
        for text in _texts(found, level=1):
            if "\x00" in text or not _is_unicode(text):
                raise HiddenCharacters
        return found


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode(), object_pairs_hook=_without_repetition, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise BodyTooDeep from error
    except ValueError as error:
        raise BodyRefused from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _texts(value: Any, *, level: int) -> Iterator[str]:
    """Every text in it, names included."""
    if level > DEEPEST:
        raise BodyTooDeep
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, level=level + 1)
    elif isinstance(value, dict):
        for name, item in cast("dict[str, Any]", value).items():
            yield name
            yield from _texts(item, level=level + 1)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
