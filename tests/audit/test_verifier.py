"""The stand-alone verifier: what it calls genuine, and that it finds whatever is not as it was."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from random import Random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import verifier
from audit.bundle import write_bundle
from audit.chain import seal_all
from audit.checkpoint_files import CheckpointFiles, lines_written
from audit.checkpoints import take_checkpoint
from audit.erasure import blank_subject
from audit.initiators import the_shell
from audit.key_rotation import begin_anew, rotate_key
from audit.models import AuditEntry
from audit.signing import KEY_FILE, current_fingerprint, grouped, pem_of
from audit.targets import Target
from audit.verifier import Unreadable, canonical, check_bundle, ed25519_verify, link_hash
from tests.audit.trails import a_bundle, a_copy, a_trail, codes, lines_of, rewrite, some_entries

RFC_8032 = [
    # Section 7.1: secret key, public key, message, signature
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


class TestEd25519:
    @pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
    def test_the_vectors_of_rfc_8032_verify(self, secret, public, message, signature):
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))

        assert private.sign(bytes.fromhex(message)).hex() == signature
        assert ed25519_verify(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))

    @settings(max_examples=40, deadline=None)
    @given(message=st.binary(max_size=99), seed=st.binary(min_size=32, max_size=32))
    def test_what_cryptography_signs_verifies(self, message, seed):
        private = Ed25519PrivateKey.from_private_bytes(seed)

        public = private.public_key().public_bytes_raw()

        assert ed25519_verify(public, message, private.sign(message))

    @settings(max_examples=80, deadline=None)
    @given(place=st.integers(0, 32 + 64 + 5 - 1), bit=st.integers(0, 7))
    def test_of_what_was_changed_it_says_what_cryptography_says(self, place, bit):
        _secret, public, _message, _signature = RFC_8032[0]
        signature = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(RFC_8032[0][0])).sign(b"hello")
        changed = bytearray(bytes.fromhex(public) + signature + b"hello")
        changed[place] ^= 1 << bit
        key, signature, message = bytes(changed[:32]), bytes(changed[32:96]), bytes(changed[96:])

        assert ed25519_verify(key, message, signature) == says_cryptography(key, message, signature)

    @pytest.mark.parametrize("public", [b"", b"\xff" * 32, bytes(31), b"\x01" + bytes(30) + b"\x80"])
    def test_what_is_no_key_verifies_nothing(self, public):
        assert not ed25519_verify(public, b"", bytes(64))

    def test_a_second_form_of_the_same_signature_is_none(self):
        _secret, public, message, signature = (bytes.fromhex(part) for part in RFC_8032[1])
        larger = int.from_bytes(signature[32:], "little") + verifier.ORDER

        assert not ed25519_verify(public, message, signature[:32] + larger.to_bytes(32, "little"))


def says_cryptography(key, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "bundle"


@pytest.mark.django_db
class TestVerdicts:
    def test_an_export_of_everything_is_genuine_to_whoever_knows_the_key(self, folder):
        a_trail(3, 0, 4)

        report = check_bundle(a_bundle(folder), fingerprint=current_fingerprint())

        assert report.findings.problems == []
        assert report.verdict == "genuine"
        assert report.facts["entries"] == report.facts["proved"] == 7

    def test_without_the_fingerprint_it_is_only_intact(self, folder):
        a_trail(2)

        assert check_bundle(a_bundle(folder)).verdict == "intact, signer not checked"

    def test_with_another_fingerprint_it_is_neither(self, folder):
        a_trail(2)

        report = check_bundle(a_bundle(folder), fingerprint="0" * 64)

        assert report.verdict == "not intact"
        assert {found.code for found in report.findings.problems} == {"signer"}

    @pytest.mark.parametrize(
        "chosen", [(1,), (13,), (2, 3, 4), (1, 6, 7, 13), (8, 9), (), tuple(range(1, 13))]
    )
    def test_of_some_entries_it_is_proved_that_they_stand_in_the_signed_trail(self, folder, chosen):
        a_trail(6, 7)

        report = check_bundle(
            a_bundle(folder, AuditEntry.objects.filter(link__number__in=chosen)),
            fingerprint=current_fingerprint(),
        )

        assert report.findings.problems == []
        assert (report.facts["entries"], report.facts["proved"]) == (len(chosen), 13)

    def test_an_empty_trail_has_an_export_too(self, folder):
        assert codes(a_bundle(folder)) == []

    def test_what_is_not_yet_sealed_goes_along_and_is_counted_apart(self, folder):
        a_trail(2)
        some_entries(3)

        report = check_bundle(a_bundle(folder), fingerprint=current_fingerprint())

        assert (report.verdict, report.facts["entries"], report.facts["unsealed"]) == ("genuine", 2, 3)

    def test_values_of_people_go_along_where_they_may_and_are_checked(self, folder):
        a_trail(2)

        a_bundle(folder, shows=lambda kept: kept.kind == "label")

        assert b"Person 1" in (folder / "entries.jsonl").read_bytes()
        assert b"Ivan" not in (folder / "entries.jsonl").read_bytes()
        assert codes(folder) == []

    def test_an_erased_person_leaves_the_export_genuine(self, folder):
        a_trail(2)

        blank_subject(Target(kind="role_grant", id="1"), initiator=the_shell())

        assert codes(a_bundle(folder, shows=lambda kept: True)) == []
        assert b"Person 1" not in (folder / "entries.jsonl").read_bytes()

    def test_the_zip_itself_can_be_given(self, tmp_path):
        a_trail(2)
        with (tmp_path / "export.zip").open("wb") as file:
            write_bundle(file, entries=AuditEntry.objects.all())

        assert check_bundle(tmp_path / "export.zip", fingerprint=current_fingerprint()).verdict == "genuine"

    @pytest.mark.parametrize("content", [None, b"", b"PK", b"{}", b'{"format":"curfew-bundle/9","files":{}}'])
    def test_what_is_no_bundle_is_said_to_be_none(self, folder, content):
        folder.mkdir()
        (folder / "manifest.json").write_bytes(content or b"")
        path = folder if content is not None else folder / "missing"

        with pytest.raises(Unreadable):
            check_bundle(path)


@pytest.mark.django_db
class TestKeys:
    @pytest.fixture(autouse=True)
    def key_in_data_folder(self, settings, tmp_path):
        settings.AUDIT_SIGNING_KEY = ""
        settings.DATA_DIR = tmp_path / "data"
        return tmp_path / "data" / KEY_FILE

    def test_after_a_rotation_the_old_and_the_new_fingerprint_both_stand_for_the_whole_trail(self, folder):
        a_trail(2)
        old = current_fingerprint()
        rotate_key(by=the_shell())
        a_trail(2)
        new = current_fingerprint()
        a_bundle(folder)

        assert codes(folder, fingerprint=old) == codes(folder, fingerprint=new) == []

    def test_a_key_that_begins_anew_is_not_stood_for_by_the_lost_one(self, folder, key_in_data_folder):
        a_trail(2)
        lost = current_fingerprint()
        key_in_data_folder.write_bytes(pem_of(Ed25519PrivateKey.generate()))
        begin_anew(by=the_shell())
        a_trail(2)
        a_bundle(folder)

        assert set(codes(folder, fingerprint=lost)) == {"signer"}
        assert set(codes(folder)) == {"signer"}
        assert codes(folder, fingerprint="") == []


@pytest.mark.django_db
class TestTampering:
    @pytest.fixture
    def export(self, folder):
        """Nine entries, checkpoints after 4 and 9."""
        a_trail(4, 5)
        return a_bundle(folder)

    def first_bad(self, folder):
        return check_bundle(folder).findings.first_number

    def test_a_changed_field_is_found_at_its_number(self, export):
        lines = lines_of(export, "entries.jsonl")
        lines[5] = lines[5].replace(b'"reason":"other"', b'"reason":"canary"')
        rewrite(export, "entries.jsonl", lines)

        assert "changed" in codes(export)
        assert self.first_bad(export) == 6

    def test_a_deleted_line_is_found_at_its_number(self, export):
        lines = lines_of(export, "entries.jsonl")
        del lines[2]
        rewrite(export, "entries.jsonl", lines)

        assert "missing" in codes(export)
        assert self.first_bad(export) == 3

    def test_an_inserted_line_is_found_at_its_number(self, export):
        lines = lines_of(export, "entries.jsonl")
        lines.insert(4, lines[3])
        rewrite(export, "entries.jsonl", lines)

        assert "twice" in codes(export)
        assert self.first_bad(export) == 4

    def test_swapped_lines_are_found(self, export):
        lines = lines_of(export, "entries.jsonl")
        lines[6], lines[7] = lines[7], lines[6]
        rewrite(export, "entries.jsonl", lines)

        assert {"missing", "twice"} <= set(codes(export))
        assert self.first_bad(export) == 7

    def test_swapped_contents_are_found_at_the_first(self, export):
        lines = lines_of(export, "entries.jsonl")
        (first, one), (second, other) = (line.split(b',"entry":') for line in lines[6:8])
        lines[6:8] = [first + b',"entry":' + other, second + b',"entry":' + one]
        rewrite(export, "entries.jsonl", lines)

        assert codes(export).count("changed") == 2
        assert self.first_bad(export) == 7

    def test_a_cut_tail_is_found_by_the_checkpoint_that_counted_it(self, export):
        rewrite(export, "entries.jsonl", lines_of(export, "entries.jsonl")[:-2])

        assert "cut_off" in codes(export)
        assert self.first_bad(export) == 8

    def test_a_tail_cut_together_with_its_checkpoints_is_found_by_one_kept_outside(self, folder):
        a_trail(4)
        a_bundle(folder)
        a_trail(5)
        CheckpointFiles().write_out()
        manifest = json.loads((folder / "manifest.json").read_bytes())
        (folder / "manifest.json").write_text(
            json.dumps({**manifest, "made_at": "2100-01-01T00:00:00.000000Z"})
        )

        found = check_bundle(folder, outside=lines_written()).findings

        assert "cut_off" in {problem.code for problem in found.problems}
        assert found.first_number == 5

    def test_an_older_honest_export_is_not_accused_by_later_checkpoints(self, folder):
        a_trail(4)
        a_bundle(folder)
        a_trail(5)
        CheckpointFiles().write_out()

        assert check_bundle(folder, outside=lines_written()).findings.problems == []

    def test_a_chain_recomputed_without_the_key_is_found_after_the_last_checkpoint_that_agrees(self, export):
        rewrite(export, "entries.jsonl", recomputed(lines_of(export, "entries.jsonl"), at=6))

        found = codes(export)

        assert "changed" not in found
        assert "not_as_signed" in found
        assert self.first_bad(export) == 5  # the checkpoint after 4 agrees, the one after 9 does not

    def test_everything_made_anew_under_another_key_is_intact_and_not_genuine(
        self, folder, settings, tmp_path
    ):
        a_trail(3)
        known = current_fingerprint()
        forger = a_bundle(folder)
        keys = lines_of(forger, "keys.jsonl")
        statement = {"format": "curfew-key/1", "number": 1, "previous": None}
        stranger = Ed25519PrivateKey.generate()
        resign(forger, stranger, statement)

        assert keys != lines_of(forger, "keys.jsonl")
        assert check_bundle(forger).verdict == "intact, signer not checked"
        assert set(codes(forger, fingerprint=known)) == {"signer"}

    def test_a_dropped_checkpoint_is_found(self, export):
        lines = lines_of(export, "checkpoints.jsonl")
        rewrite(export, "checkpoints.jsonl", [lines[0], lines[2]])

        assert "checkpoint_missing" in codes(export)

    def test_the_last_checkpoint_dropped_leaves_entries_that_are_in_none(self, folder):
        a_trail(4)
        some_entries(5)
        seal_all()
        a_bundle(folder)
        rewrite(folder, "checkpoints.jsonl", lines_of(folder, "checkpoints.jsonl")[:-1])

        assert "not_in_checkpoint" in codes(folder)
        assert self.first_bad(folder) == 5

    def test_a_changed_checkpoint_is_found(self, export):
        lines = lines_of(export, "checkpoints.jsonl")
        lines[0] = lines[0].replace(b'"unsealed":0', b'"unsealed":7')
        rewrite(export, "checkpoints.jsonl", lines)

        assert "checkpoint_changed" in codes(export)

    def test_the_last_checkpoint_changed_has_a_wrong_signature(self, export):
        lines = lines_of(export, "checkpoints.jsonl")
        lines[-1] = lines[-1].replace(b'"unsealed":0', b'"unsealed":7')
        rewrite(export, "checkpoints.jsonl", lines)

        assert "checkpoint_signature" in codes(export)

    def test_without_any_checkpoint_nothing_is_proved(self, export):
        rewrite(export, "checkpoints.jsonl", [])

        assert "no_checkpoint" in codes(export)

    def test_a_changed_personal_value_is_found_at_its_number(self, folder):
        a_trail(3)
        a_bundle(folder, shows=lambda kept: True)
        lines = lines_of(folder, "entries.jsonl")
        lines[1] = lines[1].replace(b"Person 1", b"Person 7")
        rewrite(folder, "entries.jsonl", lines)

        assert "personal" in codes(folder)
        assert self.first_bad(folder) == 2

    def test_an_entry_slipped_into_the_gaps_of_a_filtered_export_is_found(self, folder):
        a_trail(8)
        a_bundle(folder, AuditEntry.objects.filter(link__number__in=[2, 5]))
        lines = lines_of(folder, "entries.jsonl")
        body = lines[0].split(b',"entry":')[1].replace(b"other", b"canary")
        rewrite(folder, "entries.jsonl", [lines[0], relinked(4, b"\x07" * 32, b',"entry":' + body), lines[1]])

        assert {"twice", "missing", "not_as_signed"} & set(codes(folder))

    def test_a_file_that_nobody_listed_is_found(self, export):
        (export / "more.jsonl").write_text("{}")

        assert codes(export) == ["file"]

    @pytest.mark.slow
    def test_a_thousand_random_mutations_are_all_found(self, folder, tmp_path):
        """One change each, of any file, at any place: a byte, a bit, a line taken, doubled or moved, a cut."""
        a_trail(9, 8)
        export = a_bundle(folder, shows=lambda kept: True)
        known, random = current_fingerprint(), Random(20261125)  # noqa: S311  # repeatable is what is wanted

        missed = [
            change
            for change in (mutate(a_copy(export, tmp_path / "changed"), random) for _ in range(1000))
            if change and not is_found(tmp_path / "changed", known)
        ]

        assert missed == []

    @pytest.mark.slow
    def test_a_thousand_mutations_of_the_entries_are_found_without_the_manifest(self, folder, tmp_path):
        """The same where the manifest was made to fit, so that chain, tree and values alone must find it."""
        a_trail(9, 8)
        export = a_bundle(folder, shows=lambda kept: True)
        random = Random(8032)  # noqa: S311  # repeatable is what is wanted

        missed = [
            change
            for change in (mutate_entries(a_copy(export, tmp_path / "changed"), random) for _ in range(1000))
            if change
            and not set(codes(tmp_path / "changed", verify=says_cryptography)) - {"manifest_signature"}
        ]

        assert missed == []


def recomputed(lines, *, at):
    """Every hash from number `at` made anew over a changed entry, as anybody can who has no key."""
    lines, previous = list(lines), None
    for place in range(at - 1, len(lines)):
        head, rest = lines[place].split(b',"entry":')
        rest = rest.replace(b'"reason":"other"', b'"reason":"canary"') if place == at - 1 else rest
        previous = previous or bytes.fromhex(json.loads(head.removeprefix(b'{"chain":'))["previous"])
        lines[place] = relinked(place + 1, previous, b',"entry":' + rest)
        previous = link_hash(previous, rest.rsplit(b',"personal":', 1)[0])
    return lines


def relinked(number, previous, rest):
    body = rest.removeprefix(b',"entry":').rsplit(b',"personal":', 1)[0]
    place = {"hash": link_hash(previous, body).hex(), "number": number, "previous": previous.hex()}
    return b'{"chain":' + canonical(place) + rest


def resign(folder, key, statement):
    """The whole export under a key of one's own."""
    public = key.public_key().public_bytes_raw()
    name = verifier.fingerprint_of(public)

    def sign(purpose, payload):
        return key.sign(verifier.signed_bytes(purpose, payload)).hex()

    statement = {**statement, "public_key": public.hex()}
    record = {
        "own_signature": sign("key", canonical(statement)),
        "previous_signature": "",
        "statement": statement,
    }
    rewrite(folder, "keys.jsonl", [canonical(record) + b"\n"])
    lines, previous = [], bytes(32)
    for line in lines_of(folder, "checkpoints.jsonl"):
        said = {**json.loads(line)["statement"], "key": name, "previous": previous.hex()}
        record = {"signature": sign("checkpoint", canonical(said)), "statement": said}
        previous = verifier.digest_of_record(record)
        lines.append(canonical(record) + b"\n")
    rewrite(folder, "checkpoints.jsonl", lines)
    manifest = (folder / "manifest.json").read_bytes()
    signed = {"key_id": name, "purpose": "bundle", "signature": sign("bundle", manifest)}
    (folder / "manifest.sig.json").write_bytes(canonical(signed) + b"\n")


def is_found(folder, fingerprint):
    try:
        return check_bundle(folder, fingerprint=fingerprint, verify=says_cryptography).verdict != "genuine"
    except Unreadable:
        return True


def mutate(folder: Path, random: Random) -> str:
    """One change to one file; what was done, or nothing where it changed nothing."""
    path = random.choice([path for path in sorted(folder.iterdir()) if path.stat().st_size])
    before = path.read_bytes()
    path.write_bytes(changed(before, random))
    return f"{path.name} at {random.random()}" if path.read_bytes() != before else ""


def mutate_entries(folder: Path, random: Random) -> str:
    before = (folder / "entries.jsonl").read_bytes()
    after = changed(before, random)
    rewrite(folder, "entries.jsonl", [after])
    return f"{len(after)} bytes, {random.random()}" if after != before else ""


def changed(content: bytes, random: Random) -> bytes:
    place = random.randrange(len(content))
    lines = content.splitlines(keepends=True)
    line = random.randrange(len(lines))
    other = random.randrange(len(lines))
    ways = [
        lambda: content[:place] + bytes([random.randrange(256)]) + content[place + 1 :],
        lambda: content[:place] + bytes([content[place] ^ 1 << random.randrange(8)]) + content[place + 1 :],
        lambda: content[:place] + content[place + 1 :],
        lambda: content[:place] + b" " + content[place:],
        lambda: content[:place],
        lambda: b"".join(lines[:line] + lines[line + 1 :]),
        lambda: b"".join([*lines[: line + 1], lines[line], *lines[line + 1 :]]),
        lambda: b"".join([*lines[:line], lines[other], *lines[line + 1 :]]),
    ]
    return random.choice(ways)()


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """A Python with nothing installed."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


@pytest.mark.django_db
class TestStandingAlone:
    """The script that lies in the bundle, run by a Python that has nothing but its standard library."""

    def run(self, python, script, *arguments):
        return subprocess.run(
            [python, "-I", script, *arguments], capture_output=True, text=True, cwd="/", env={}, check=False
        )

    def test_it_says_genuine_to_whoever_knows_the_fingerprint(self, bare_python, folder):
        a_trail(3)
        a_bundle(folder)

        said = self.run(
            bare_python, folder / "verifier.py", folder, "--key-fingerprint", grouped(current_fingerprint())
        )

        assert said.stdout.startswith("Genuine.\n")
        assert (said.returncode, said.stderr) == (0, "")

    def test_it_names_the_first_bad_number_and_ends_with_1(self, bare_python, folder, tmp_path):
        a_trail(3)
        a_bundle(folder)
        lines = lines_of(folder, "entries.jsonl")
        rewrite(folder, "entries.jsonl", [lines[0], lines[2]])
        packed = tmp_path / "export.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            [archive.write(path, path.name) for path in folder.iterdir()]

        said = self.run(bare_python, folder / "verifier.py", packed)

        assert said.returncode == 1
        assert said.stdout.startswith("Not intact.\nFirst bad number: 2.\n")

    def test_without_the_fingerprint_it_says_so_also_as_json(self, bare_python, folder):
        a_trail(1)
        a_bundle(folder)

        said = self.run(bare_python, folder / "verifier.py", folder, "--json")

        assert json.loads(said.stdout)["verdict"] == "intact, signer not checked"

    @pytest.mark.parametrize("arguments", [["/nowhere.zip"], ["{folder}", "--key-fingerprint", "abc"]])
    def test_what_cannot_be_checked_ends_with_2(self, bare_python, folder, arguments):
        a_trail(1)
        a_bundle(folder)

        said = self.run(
            bare_python, folder / "verifier.py", *(part.format(folder=folder) for part in arguments)
        )

        assert said.returncode == 2
        assert said.stderr.startswith("Could not be checked: ")

    def test_checkpoints_kept_outside_can_be_given(self, bare_python, folder, checkpoint_folder):
        a_trail(1)
        a_bundle(folder)
        CheckpointFiles().write_out()
        (outside,) = checkpoint_folder.iterdir()

        said = self.run(bare_python, folder / "verifier.py", folder, "--checkpoints", outside)

        assert said.returncode == 0


def test_the_script_imports_nothing_but_the_standard_library():
    source = Path(verifier.__file__).read_text()
    imported = {
        line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
    }

    assert imported <= sys.stdlib_module_names
    assert os.access(verifier.__file__, os.R_OK)


@pytest.mark.django_db
def test_a_sealed_trail_that_goes_on_is_exported_as_far_as_it_was_sealed(folder):
    a_trail(2)
    some_entries(1)
    seal_all()
    take_checkpoint()

    assert codes(a_bundle(folder)) == []
