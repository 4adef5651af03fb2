"""A receipt checked offline, with its JSON and the key's fingerprint and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit import verifier
from audit.initiators import the_shell
from audit.key_rotation import rotate_key
from audit.receipts import add_version, signed
from audit.signing import current_fingerprint
from audit.verifier import Unreadable, check_receipt

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A receipt as somebody saved it from the page: names beside the signed document."""
    version = add_version("CF-8F3K2Q7D1M", facts={"state": "cut_off", "people": [{"id": "p-1"}]})
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps({"names": {"p-1": "Ines Almeida"}, "signed": signed(version)}))
    return path


def changed(path: Path, change) -> Path:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))
    return path


def test_a_receipt_is_genuine_only_with_the_fingerprint(kept):
    assert check_receipt(kept).verdict == "intact, signer not checked"
    assert check_receipt(kept, fingerprint=current_fingerprint()).verdict == "genuine"


def test_a_key_of_somebody_else_is_not_enough(kept):
    report = check_receipt(kept, fingerprint="0" * 64)

    assert report.verdict == "not intact"
    assert report.findings.problems[0].code == "signer"


def test_names_beside_it_may_change(kept):
    changed(kept, lambda value: value["names"].update({"p-1": "Somebody Else"}))

    assert check_receipt(kept, fingerprint=current_fingerprint()).verdict == "genuine"


@pytest.mark.parametrize(
    "change",
    [
        lambda signed: signed["document"].update(state="confirmed"),
        lambda signed: signed["document"].update(version=2),
        lambda signed: signed["document"]["people"].clear(),
        lambda signed: signed["document"].update(added="1"),
        lambda signed: signed["document"].pop("previous"),
        lambda signed: signed["document"].update(key="0" * 64),
        lambda signed: signed.update(sha256="0" * 64),
        lambda signed: signed["signature"].update(value="0" * 128),
        lambda signed: signed["signature"].update(key="0" * 64),
        lambda signed: signed["signature"].pop("value"),
        lambda signed: signed["keys"].clear(),
        lambda signed: signed["keys"][0].update(own_signature="0" * 128),
        lambda signed: signed.update(keys="none"),
        lambda signed: signed.pop("signature"),
    ],
)
def test_whatever_was_changed_is_found(kept, change):
    changed(kept, lambda value: change(value["signed"]))

    assert check_receipt(kept, fingerprint=current_fingerprint()).verdict == "not intact"


@pytest.mark.parametrize(
    "written",
    ["", "{", "[]", "{}", '{"signed": null}', '{"signed": {"document": {"format": "x/1"}}}', "{" * 9],
)
def test_what_is_no_receipt_is_called_so(tmp_path, written):
    path = tmp_path / "other.json"
    path.write_text(written)

    with pytest.raises(Unreadable):
        check_receipt(path)


def test_an_old_receipt_is_genuine_by_the_fingerprint_of_the_key_that_followed(
    kept, settings, tmp_path, monkeypatch
):
    settings.DATA_DIR = tmp_path / "data"
    old = current_fingerprint()
    new = tmp_path / "next.pem"
    rotate_key(by=the_shell(), into=new)
    settings.AUDIT_SIGNING_KEY = new.read_text()
    version = add_version("CF-0000000000", facts={})
    kept.write_text(json.dumps(signed(version)))

    assert current_fingerprint() != old
    assert check_receipt(kept, fingerprint=old).verdict == "genuine"
    assert check_receipt(kept, fingerprint=current_fingerprint()).verdict == "genuine"


def test_the_script_alone_reads_a_receipt_without_anything_installed(kept):
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            verifier.__file__,
            str(kept),
            "--key-fingerprint",
            current_fingerprint(),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Genuine.\nReceipt CF-8F3K2Q7D1M, version 1, made ")
