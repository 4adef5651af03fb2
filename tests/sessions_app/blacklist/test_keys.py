"""Keys: one spelling, nothing merged, nothing personal, one slot per person."""

import hashlib
import struct
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.blacklist.keys import KeySpace, bucket, digest, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FIELDS = st.lists(TEXT, min_size=1, max_size=4)


@given(FIELDS, FIELDS)
def test_different_fields_never_encode_alike(one: list[str], other: list[str]) -> None:
    assert (encode(*one) == encode(*other)) == (one == other)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=2, max_size=8, unique=True))
def test_different_people_have_different_keys(people: list[tuple[str, str]]) -> None:
    keys = KeySpace("test")

    assert len({keys.user(*person) for person in people}) == len(people)


@given(TEXT, TEXT, TEXT)
def test_user_session_and_token_of_one_id_are_three_keys(realm: str, person: str, ident: str) -> None:
    keys = KeySpace("test")
    spelled = {
        keys.user(realm, person),
        keys.session(realm, person, ident),
        keys.token(realm, person, ident),
    }

    assert len(spelled) == 3


@given(TEXT, TEXT, TEXT, TEXT)
def test_a_lookup_asks_for_exactly_the_keys_the_writer_writes(
    realm: str, person: str, sid: str, token_id: str
) -> None:
    keys = KeySpace("test")

    found = keys.lookup(realm, person, sid, token_id)

    assert found.bucket == bucket(realm, person)
    assert found.keys == [
        keys.marker(found.bucket),
        keys.user(realm, person),
        keys.session(realm, person, sid),
        keys.token(realm, person, token_id),
    ]


@given(TEXT, TEXT, TEXT, TEXT)
def test_all_keys_of_a_check_share_one_hash_slot(realm: str, person: str, sid: str, token_id: str) -> None:
    found = KeySpace("test").lookup(realm, person, sid, token_id)

    assert {key[key.index("{") : key.index("}") + 1] for key in found.keys} == {f"{{{found.bucket:02d}}}"}


@given(TEXT, TEXT)
def test_the_contract_read_independently_spells_the_same_key(realm: str, person: str) -> None:
    packed = b"".join(struct.pack(">I", len(field.encode())) + field.encode() for field in (realm, person))
    whole = hashlib.sha256(packed).digest()
    hashed = urlsafe_b64encode(whole[:16]).decode().rstrip("=")

    assert KeySpace("demo").user(realm, person) == f"cf1:demo:{{{whole[0] % 16:02d}}}:u:{hashed}"


def test_text_that_unicode_would_normalise_stays_apart() -> None:
    assert digest("caf\u00e9") != digest("cafe\u0301")


def test_a_lookup_without_session_and_token_asks_for_two_keys() -> None:
    assert len(KeySpace("test").lookup("r", "p", None, None).keys) == 2


def test_every_marker_has_its_bucket_in_two_digits() -> None:
    assert KeySpace("demo").marker(7) == "cf1:demo:{07}:m"


@pytest.mark.parametrize("env", ["", "Demo", "a" * 25, "a:b", "a_b", "demo\n", "ü"])
def test_an_environment_that_could_blur_keys_is_refused(env: str) -> None:
    with pytest.raises(ValueError, match="CURFEW_ENV"):
        KeySpace(env)
