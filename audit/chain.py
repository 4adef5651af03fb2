"""The sealer: gives committed entries their numbers and hashes, and nobody who records waits for it."""

from __future__ import annotations

from django.db import transaction

from audit.entry_form import body_of, forms_of
from audit.models import ChainHead, ChainLink, UnsealedEntry
from audit.verifier import GENESIS, Tree, link_hash

LINKS_AT_ONCE = 500
HEAD = 1
HASH_BYTES = 32


def seal(*, at_most: int = LINKS_AT_ONCE) -> int:
    """Links the oldest entries that wait; returns how many, 0 where none waits.

    1. Without any lock, read who waits and compute the bytes of each. 2. Lock the head of the chain, which
    only sealers do. 3. Link those that still wait, move the head, take them off the queue: one transaction.
    Killed at any moment it leaves whole links or none; two sealers at once never number an entry twice.
    """
    waiting = list(UnsealedEntry.objects.order_by("entry_id").values_list("entry_id", flat=True)[:at_most])
    if not waiting:
        return 0
    bodies = {entry_id: body_of(form) for entry_id, form in forms_of(waiting).items()}
    with transaction.atomic():
        head = locked_head()
        still = UnsealedEntry.objects.filter(entry_id__in=bodies)
        order = sorted(still.values_list("entry_id", flat=True))
        _link(head, [(entry_id, bodies[entry_id]) for entry_id in order])
        # What waits but has no entry was deleted by force; the verifier says so, the queue need not.
        UnsealedEntry.objects.filter(entry_id__in=waiting).delete()
    return len(order)


def is_waiting() -> bool:
    """Whether any entry waits for its link."""
    return UnsealedEntry.objects.exists()


def seal_all() -> int:
    """Seals until nothing waits; in constant memory however many wait."""
    sealed = 0
    while is_waiting():
        sealed += seal()
    return sealed


def unsealed() -> int:
    """How many entries wait for their link."""
    return UnsealedEntry.objects.count()


def tree_of(head: ChainHead) -> Tree:
    peaks = bytes(head.peaks)
    return Tree(
        size=head.size,
        peaks=[peaks[start : start + HASH_BYTES] for start in range(0, len(peaks), HASH_BYTES)],
    )


def locked_head() -> ChainHead:
    """The head of the chain, for this transaction alone."""
    head, _created = ChainHead.objects.select_for_update().get_or_create(
        pk=HEAD, defaults={"hash": GENESIS, "peaks": b""}
    )
    return head


def _link(head: ChainHead, bodies: list[tuple[int, bytes]]) -> None:
    tree, previous, links = tree_of(head), bytes(head.hash), []
    for entry_id, body in bodies:
        previous = link_hash(previous, body)
        tree.add(previous)
        links.append(ChainLink(number=tree.size, entry_id=entry_id, hash=previous))
    ChainLink.objects.bulk_create(links, batch_size=LINKS_AT_ONCE)
    head.size, head.hash, head.peaks = tree.size, previous, b"".join(tree.peaks)
    head.save()
