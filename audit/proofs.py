"""What a third party needs to check entries of the trail: their lines, what stands for the rest, checkpoints, keys.

The format is that of `audit/verifier.py`, described at /audit/format/.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet

from audit.checkpoints import record_of
from audit.entry_form import body_of, forms_of
from audit.models import AuditEntry, AuditSubject, ChainLink, Checkpoint, TrailKey
from audit.verifier import GENESIS, UNSEALED, Tree, canonical

AT_ONCE = 1000
NUMBERS_AT_ONCE = 20_000
CHECKPOINTS_SHOWN = 10_000  # about a week of idle minutes; the files outside the database hold all of them

Shows = Callable[["KeptValue"], bool]
Beat = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class KeptValue:
    """One personal value, and whose entry it stands beside, for deciding whether a reader may have it."""

    entry: dict[str, Any]
    role: str
    kind: str
    value: str


def shows_nothing(_value: KeptValue) -> bool:
    """Without personal values. Their commitments are part of the entry, so nothing less is proved."""
    return False


def nobody_waits() -> None:
    pass


def sealed_lines(
    entries: QuerySet[AuditEntry], *, size: int, shows: Shows, beat: Beat = nobody_waits
) -> Iterator[bytes]:
    """The entries up to number `size`, one line each, in the order of their numbers; in constant memory.

    No read is open between two lines, so whoever takes them may write to the database meanwhile. `beat` is
    called now and then, also while nothing is found.
    """
    for chunk in _chunks(_places(entries, size, beat)):
        forms, hashes = forms_of([pk for _, pk in chunk]), _hashes_around([number for number, _ in chunk])
        beside = _shown_beside(forms, shows)
        for number, pk in chunk:
            place = {"hash": hashes[number], "number": number, "previous": hashes[number - 1]}
            yield line_of(canonical(place), forms[pk], beside.get(pk, []))


def unsealed_lines(entries: QuerySet[AuditEntry], *, size: int, shows: Shows) -> Iterator[bytes]:
    """The entries that have no place up to number `size` yet, and so are not proved."""
    found = entries.filter(Q(link__isnull=True) | Q(link__number__gt=size)).order_by("pk")
    for chunk in _chunks(_keys(found)):
        forms = forms_of(chunk)
        beside = _shown_beside(forms, shows)
        for pk in chunk:
            yield line_of(b"null", forms[pk], beside.get(pk, []))


def line_of(place: bytes, form: dict[str, Any], personal: Sequence[dict[str, str]]) -> bytes:
    """Canonical as a whole, and the entry in it byte for byte what its hash is over."""
    beside = canonical(list(personal))
    return UNSEALED.replace(b"null", place) + body_of(form) + b',"personal":' + beside + b"}\n"


def gap_lines(entries: QuerySet[AuditEntry], *, size: int, beat: Beat = nobody_waits) -> Iterator[bytes]:
    """For everything up to number `size` that is not among these entries: roots of the largest possible subtrees.

    Together with the entries they give the root that a checkpoint signed. Reads every link once.
    """
    hashes = _links_up_to(size, beat)
    first = 1
    for number, _ in _places(entries, size, beat):
        yield from _tiles(first, number - 1, hashes)
        next(hashes)
        first = number + 1
    yield from _tiles(first, size, hashes)


def checkpoint_lines(anchor: Checkpoint) -> Iterator[bytes]:
    """The checkpoints that end in this one."""
    first = anchor.number - CHECKPOINTS_SHOWN + 1
    rows = Checkpoint.objects.filter(number__gte=first, number__lte=anchor.number).order_by("number")
    return (canonical(record_of(row)) + b"\n" for row in rows.iterator())


def key_lines() -> Iterator[bytes]:
    """Every public key the trail was ever signed with."""
    return (canonical(key_record(key)) + b"\n" for key in TrailKey.objects.order_by("number"))


def key_record(key: TrailKey) -> dict[str, Any]:
    """A key as it vouches for itself, and as the one before vouches for it."""
    return {
        "own_signature": bytes(key.own_signature).hex(),
        "previous_signature": bytes(key.previous_signature).hex(),
        "statement": {
            "format": "curfew-key/1",
            "number": key.number,
            "previous": key.previous or None,
            "public_key": bytes(key.public_key).hex(),
        },
    }


def _tiles(first: int, last: int, hashes: Iterator[bytes]) -> Iterator[bytes]:
    while first <= last:
        level = _largest_level(first - 1, last)
        tree = Tree()
        for digest in islice(hashes, 1 << level):
            tree.add(digest)
        yield canonical({"first": first, "hash": tree.root().hex(), "level": level}) + b"\n"
        first += 1 << level


def _largest_level(before: int, last: int) -> int:
    """Of the subtree that can begin after so many entries and ends at or before the last one."""
    fits = (last - before).bit_length() - 1
    return fits if not before else min(fits, (before & -before).bit_length() - 1)


def _places(entries: QuerySet[AuditEntry], size: int, beat: Beat) -> Iterator[tuple[int, int]]:
    """Number and id of each of these entries up to `size`, in order."""
    for numbers in _windows(size, beat):
        found = entries.filter(link__number__range=numbers).order_by("link__number")
        yield from list(found.values_list("link__number", "pk"))


def _keys(entries: QuerySet[AuditEntry]) -> Iterator[int]:
    found = list(entries.values_list("pk", flat=True)[:NUMBERS_AT_ONCE])
    while found:
        yield from found
        found = list(entries.filter(pk__gt=found[-1]).values_list("pk", flat=True)[:NUMBERS_AT_ONCE])


def _links_up_to(size: int, beat: Beat) -> Iterator[bytes]:
    for numbers in _windows(size, beat):
        rows = ChainLink.objects.filter(number__range=numbers).order_by("number")
        yield from map(bytes, list(rows.values_list("hash", flat=True)))


def _windows(size: int, beat: Beat) -> Iterator[tuple[int, int]]:
    """All numbers up to `size` in short ranges, first and last."""
    for before in range(0, size, NUMBERS_AT_ONCE):
        beat()
        yield before + 1, min(before + NUMBERS_AT_ONCE, size)


def _hashes_around(numbers: Collection[int]) -> dict[int, str]:
    wanted = {*numbers, *(number - 1 for number in numbers)}
    rows = ChainLink.objects.filter(number__in=wanted).values_list("number", "hash")
    return {0: GENESIS.hex(), **{number: bytes(digest).hex() for number, digest in rows}}


def _shown_beside(forms: dict[int, dict[str, Any]], shows: Shows) -> dict[int, list[dict[str, str]]]:
    if shows is shows_nothing:
        return {}
    found: dict[int, list[dict[str, str]]] = {}
    rows = AuditSubject.objects.filter(entry_id__in=forms, blanked_at__isnull=True).order_by("entry_id", "id")
    for entry_id, role, kind, value, salt in rows.values_list("entry_id", "role", "kind", "value", "salt"):
        if shows(KeptValue(entry=forms[entry_id], role=role, kind=kind, value=value)):
            kept = {"kind": kind, "role": role, "salt": salt, "value": value}
            found.setdefault(entry_id, []).append(kept)
    return found


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, AT_ONCE)):
        yield chunk
