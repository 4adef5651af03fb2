"""The wheel as a service gets it: built, installed where nothing else is, and at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sessions_app.blacklist.writer import BlacklistWriter
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.blacklist.conftest import ENV, fresh_marker
from tests.sessions_app.blacklist.entries import end_session
from tests.sessions_app.blacklist.issuer import a_profile, a_token

ROOT = Path(__file__).resolve().parents[3]
SCENE = Path(__file__).with_name("wheel_scene.py")
UV = Path(sys.executable).with_name("uv")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel and what the wheel asks for."""
    folder = tmp_path_factory.mktemp("service")
    run(UV, "build", "--wheel", "--out-dir", folder, ROOT)
    run(UV, "venv", "--python", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    run(UV, "pip", "install", "--python", python, *folder.glob("curfew_guard-*.whl"))
    return python


def run(*words: object, cwd: Path = ROOT) -> str:
    """From elsewhere than the checkout, and without its path, or the wheel would not be what is imported."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}
    }
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("guard")
def test_it_works_without_django_and_with_it(
    python: Path, writer: BlacklistWriter, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    file = tmp_path / "guard.json"
    file.write_text(json.dumps({"env": ENV, "issuers": [a_profile().to_json()]}))
    end_session(writer, "ended")
    words = [SCENE, file, redis_server.url, a_token(), a_token(sid="ended")]

    bare = run(python, *words, cwd=tmp_path)
    run(UV, "pip", "install", "--python", python, "django~=5.2.0")
    writer.open_gate(fresh_marker())  # installing takes longer than a heartbeat counts
    with_django = run(python, *words, "django", cwd=tmp_path)

    assert bare == "over_wsgi 200 401\nover_asgi 200 401\ndjango installed: False\n"
    assert "in_django 200 401" in with_django
