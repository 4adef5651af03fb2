"""Who can sign in to the demo, and with what: one pass phrase per installation, drawn on the first start."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from portal.demo.people import CAST
from sessions_app.models import Role

WORDS = (
    "amber", "anchor", "april", "atlas", "basil", "birch", "bridge", "candle", "cedar", "cobalt", "copper", "coral",
    "delta", "ember", "falcon", "fennel", "garnet", "ginger", "harbor", "hazel", "indigo", "island", "ivory", "jasper",
    "juniper", "lantern", "laurel", "linen", "maple", "marble", "meadow", "nectar", "olive", "onyx", "opal", "orchid",
    "pepper", "pine", "quartz", "raven", "river", "saffron", "sage", "sierra", "silver", "slate", "summit", "thistle",
    "topaz", "tulip", "umber", "velvet", "violet", "walnut", "willow", "winter", "yarrow", "zephyr",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """One account of the demo, as it is printed at the start."""

    name: str
    username: str
    role: str
    password: str


def demo_folder() -> Path:
    """Where the demo keeps its pass phrase and its key; only this account can read it."""
    folder = Path(settings.DATA_DIR) / "demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_secret(path: Path, content: str) -> None:
    """Create the file readable by its owner alone; never over an existing one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)


def password() -> str:
    """The pass phrase of every demo account, drawn when first asked for."""
    path = demo_folder() / "pass-phrase"
    if not path.exists():
        words = [secrets.choice(WORDS) for _ in range(3)]
        write_secret(path, "-".join([*words, str(secrets.randbelow(9000) + 1000)]))
    return path.read_text(encoding="utf-8").strip()


def sign_ins() -> list[SignIn]:
    """The accounts with a role, and three without, in the order of the cast."""
    return [
        SignIn(name=person.name, username=person.username, role=_role_of(person.roles), password=password())
        for person in CAST
        if person.roles or person.username in ("otto", "ines", "carlos")
    ]


def _role_of(roles: tuple[Role, ...]) -> str:
    return ", ".join(str(role.label) for role in roles) or "no role"
