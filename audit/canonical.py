"""One way to write a value as bytes, so that a hash or a signature means the same to everybody."""

from __future__ import annotations

import json

from audit.errors import NotStorable

LAST_OF_BASIC_PLANE = "\uffff"


def canonical_bytes(value: object) -> bytes:
    """The JSON of RFC 8785: UTF-8, no spaces, keys sorted by their UTF-16 units, texts as they are.

    For nothing, yes and no, whole numbers, texts, lists and objects with text keys; raises NotStorable for
    anything else, above all for floats. Whole numbers beyond 2**53 are written in full, which RFC 8785
    leaves open.
    """
    _require_plain(value, "value")
    text = _dumps(value, sort_keys=True)
    if max(text) > LAST_OF_BASIC_PLANE:  # Python sorts by code point; only here that can be another order
        text = _dumps(_sorted(value), sort_keys=False)
    return text.encode("utf-8")


def _dumps(value: object, *, sort_keys: bool) -> str:
    return json.dumps(value, sort_keys=sort_keys, ensure_ascii=False, separators=(",", ":"))


def _require_plain(value: object, where: str) -> None:
    match value:
        case None | bool() | int():
            return
        case str():
            _require_unicode(value, where)
        case dict():
            for key, item in value.items():
                _require_key(key, where)
                _require_plain(item, f"{where}.{key}")
        case list() | tuple():
            for item in value:
                _require_plain(item, where)
        case _:
            raise NotStorable(where, f"{type(value).__name__} has no canonical form.")


def _require_key(key: object, where: str) -> None:
    if not isinstance(key, str):
        raise NotStorable(where, f"the key {key!r} is not text.")
    _require_unicode(key, where)


def _require_unicode(text: str, where: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotStorable(where, "half of a surrogate pair is not text.") from error


def _sorted(value: object) -> object:
    match value:
        case dict():
            return {
                key: _sorted(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))
            }
        case list() | tuple():
            return [_sorted(item) for item in value]
    return value
