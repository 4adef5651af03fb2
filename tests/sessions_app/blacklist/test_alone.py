"""The package by itself, as services get it: under another name, without Django and without the portal."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import sessions_app.blacklist

PACKAGE = Path(sessions_app.blacklist.__file__).parent

LOADS_EVERYTHING = """
import sys, pkgutil, importlib, curfew_guard
for module in pkgutil.iter_modules(curfew_guard.__path__):
    if module.name == "django":
        continue  # for Django projects alone
    importlib.import_module(f"curfew_guard.{module.name}")
foreign = {name.split(".")[0] for name in sys.modules} & {"django", "portal", "sessions_app", "audit"}
sys.exit(", ".join(sorted(foreign)) or 0)
"""


def test_it_works_under_its_shipped_name_without_anything_of_ours(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "curfew_guard", ignore=shutil.ignore_patterns("__pycache__"))

    loaded = subprocess.run(
        [sys.executable, "-c", LOADS_EVERYTHING], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (loaded.returncode, loaded.stderr) == (0, "")


def test_inside_it_every_import_of_its_own_is_relative() -> None:
    imported = {
        node.module
        for path in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level == 0
    }

    assert not {
        module
        for module in imported
        if module and module.split(".")[0] in {"sessions_app", "portal", "audit"}
    }
