"""Drawing receipt numbers; how they are read back is the trail's, which keeps them."""

import secrets

from audit.receipt_numbers import CROCKFORD, LENGTH, read_receipt

__all__ = ["draw_receipt", "read_receipt"]


def draw_receipt() -> str:
    """A new receipt number with 50 random bits; uniqueness is the column's."""
    return "CF-" + "".join(secrets.choice(CROCKFORD) for _ in range(LENGTH))
