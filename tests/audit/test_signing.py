"""Signatures of the trail: one key outside the database, public keys that vouch for each other."""

import stat
from io import StringIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from audit import signing
from audit.errors import UnknownSigningKey
from audit.initiators import the_shell
from audit.key_rotation import rotate_key
from audit.models import AuditEntry, TrailKey
from audit.signing import Signature, current_fingerprint, is_genuine, public_keys, sign

pytestmark = pytest.mark.django_db


@pytest.fixture
def key_in_data_folder(settings, tmp_path):
    """No AUDIT_SIGNING_KEY: the key lies in the data folder."""
    settings.AUDIT_SIGNING_KEY = ""
    settings.DATA_DIR = tmp_path
    return tmp_path / signing.KEY_FILE


def a_pem():
    return signing.pem_of(Ed25519PrivateKey.generate()).decode()


def test_a_signature_is_genuine_for_its_payload_and_its_purpose_only():
    signature = sign("receipt", b"CF-1")
    key = public_keys()[signature.key_id]

    assert is_genuine("receipt", b"CF-1", signature, key)
    assert not is_genuine("receipt", b"CF-2", signature, key)
    assert not is_genuine("bundle", b"CF-1", signature, key)


@pytest.mark.parametrize("damaged", [b"", b"\x00" * 64, b"\xff" * 64, b"\x00" * 65])
def test_a_damaged_signature_is_not_genuine_and_no_error(damaged):
    signature = sign("receipt", b"CF-1")

    assert not is_genuine(
        "receipt", b"CF-1", Signature(key_id=signature.key_id, value=damaged), public_keys()[signature.key_id]
    )


def test_a_signature_under_the_name_of_another_key_is_not_genuine():
    signature = sign("receipt", b"CF-1")
    other = signing.public_bytes(Ed25519PrivateKey.generate())

    assert not is_genuine("receipt", b"CF-1", signature, other)


def test_a_purpose_nobody_listed_is_refused():
    with pytest.raises(ValueError, match="purpose"):
        sign("anything", b"x")


def test_the_key_is_made_once_in_the_data_folder_for_this_user_alone(key_in_data_folder):
    first = current_fingerprint()

    assert current_fingerprint() == first
    assert stat.S_IMODE(key_in_data_folder.stat().st_mode) == 0o600
    assert [path.name for path in key_in_data_folder.parent.iterdir()] == [signing.KEY_FILE]


def test_a_key_that_another_process_made_meanwhile_is_kept(key_in_data_folder):
    key_in_data_folder.write_text(a_pem())
    kept = key_in_data_folder.read_bytes()

    signing.make_key_file(key_in_data_folder)

    assert key_in_data_folder.read_bytes() == kept


def test_the_key_may_stand_in_one_line_of_the_environment(settings):
    pem = a_pem()
    settings.AUDIT_SIGNING_KEY = pem.strip().replace("\n", "\\n")

    assert current_fingerprint() == signing.fingerprint(
        signing.public_bytes(signing.key_from_pem(pem.encode(), "here"))
    )


@pytest.mark.parametrize(
    "wrong", ["not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_a_wrong_key_stops_with_a_sentence_that_does_not_hold_it(settings, wrong):
    settings.AUDIT_SIGNING_KEY = wrong

    with pytest.raises(ImproperlyConfigured) as refused:
        sign("receipt", b"x")

    assert wrong not in str(refused.value)


def test_a_key_that_nobody_vouched_for_signs_nothing(settings):
    sign("receipt", b"x")
    settings.AUDIT_SIGNING_KEY = a_pem()

    with pytest.raises(UnknownSigningKey):
        sign("receipt", b"x")


def test_a_rotation_keeps_the_old_key_known_and_lets_it_vouch_for_the_new_one(key_in_data_folder):
    before = sign("receipt", b"CF-1")

    rotate_key(by=the_shell())

    after = sign("receipt", b"CF-1")
    new = TrailKey.objects.get(number=2)
    said = signing.statement(number=2, public_key=bytes(new.public_key), previous=before.key_id)
    vouched = Signature(key_id=before.key_id, value=bytes(new.previous_signature))
    assert list(public_keys()) == [before.key_id, after.key_id]
    assert is_genuine("receipt", b"CF-1", before, public_keys()[before.key_id])
    assert is_genuine("key", said, vouched, public_keys()[before.key_id])
    assert stat.S_IMODE(key_in_data_folder.stat().st_mode) == 0o600
    assert AuditEntry.objects.get().event_code == "CN-101"


def test_the_command_writes_the_new_key_where_it_is_told_and_prints_its_fingerprint(tmp_path, settings):
    sign("receipt", b"x")
    said = StringIO()

    call_command("rotate_audit_key", into=tmp_path / "next.pem", stdout=said)

    settings.AUDIT_SIGNING_KEY = (tmp_path / "next.pem").read_text()
    assert signing.grouped(current_fingerprint()) in said.getvalue()


def test_the_command_wants_to_know_where_to_write_a_key_that_does_not_lie_in_the_data_folder():
    with pytest.raises(CommandError, match="--into"):
        call_command("rotate_audit_key")


def test_after_the_old_key_was_lost_the_present_one_begins_anew_and_without_a_voucher(settings):
    sign("receipt", b"x")
    settings.AUDIT_SIGNING_KEY = a_pem()

    call_command("rotate_audit_key", old_key_is_lost=True, stdout=StringIO())

    assert sign("receipt", b"x").key_id == current_fingerprint()
    assert TrailKey.objects.get(number=2).previous == ""


def test_nothing_begins_anew_while_the_key_is_known():
    sign("receipt", b"x")

    with pytest.raises(CommandError, match="nothing is lost"):
        call_command("rotate_audit_key", old_key_is_lost=True)
