"""Receipt numbers as they are read: `CF-` and ten Crockford base-32 characters, easy to read out on the telephone."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def read_receipt(typed: str) -> str | None:
    """The receipt number somebody typed or pasted, in its one spelling; None if it cannot be one."""
    plain = typed.strip().upper()
    if not plain.startswith("CF"):
        return None
    characters = plain[2:].translate(LOOKALIKES)
    if len(characters) != LENGTH or not set(characters) <= set(CROCKFORD):
        return None
    return f"CF-{characters}"
