"""The published vectors: as the code says, complete, and usable by somebody who has only the file."""

import json
from typing import Any

import pytest

from sessions_app.blacklist import vectors
from sessions_app.blacklist.claims import IssuerProfile, verify
from sessions_app.blacklist.errors import InvalidToken, KeysTooOld
from sessions_app.blacklist.guard import subject_of
from sessions_app.blacklist.keys import KeySpace
from sessions_app.blacklist.verdict import Values, decide

PUBLISHED: dict[str, Any] = json.loads(vectors.PATH.read_text())

CAUSES = {
    "user_blocked", "session_revoked", "token_revoked", "user_cutoff",
    "step_up",
    "claims_changed", "everyone_cutoff", "project_ended",
    "malformed_entry", "marker_missing", "marker_version", "heartbeat_old", "heartbeat_ahead", "went_back",
    "algorithm", "header", "typ", "unknown_key", "unknown_issuer", "audience", "expired", "not_yet_valid",
    "lifetime", "session_too_old", "missing_claim", "empty_claim", "claim_type", "claim_range", "claim_too_long",
    "project_end_date", "unavailable:KeysTooOld",
}  # fmt: skip


def test_the_published_file_is_what_the_code_says() -> None:
    assert vectors.PATH.read_text() == vectors.text()


def test_every_cause_has_a_vector() -> None:
    assert {vector["verdict"]["cause"] for vector in PUBLISHED["verdicts"]} - {""} == CAUSES


def test_every_outcome_has_vectors_and_there_are_enough() -> None:
    outcomes = {vector["verdict"]["outcome"] for vector in PUBLISHED["verdicts"]}

    assert outcomes == {"allowed", "revoked", "unknown", "invalid"}
    assert len(PUBLISHED["verdicts"]) >= 60


def test_names_are_unique() -> None:
    names = [vector["name"] for vector in PUBLISHED["verdicts"]]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("vector", PUBLISHED["verdicts"], ids=lambda vector: vector["name"])
def test_the_file_alone_leads_to_the_verdict(vector: dict[str, Any]) -> None:
    profiles = {profile["issuer"]: IssuerProfile.from_json(profile) for profile in PUBLISHED["profiles"]}
    values = {name: None if text is None else text.encode() for name, text in vector["values"].items()}
    expected = vector["verdict"]

    try:
        subject = subject_of(verify(vector["token"], profiles, vector["now_ms"]))
    except InvalidToken as refused:
        found = {"outcome": "invalid", "cause": refused.cause, "receipt": ""}
    except KeysTooOld:
        found = {"outcome": "unknown", "cause": "unavailable:KeysTooOld", "receipt": ""}
    else:
        verdict = decide(subject, Values(**values), vector["now_ms"], tuple(vector["high_water"]))
        found = {"outcome": verdict.outcome, "cause": verdict.cause, "receipt": verdict.receipt}

    assert found == expected


@pytest.mark.parametrize("vector", PUBLISHED["keys"], ids=lambda vector: vector["user"])
def test_the_file_alone_leads_to_the_keys(vector: dict[str, Any]) -> None:
    keys = KeySpace(vector["env"])
    found = keys.lookup(vector["realm"], vector["person"], vector["sid"], vector["token_id"])

    assert found.keys[1:] == [vector["user"], vector["session"], vector["token"]]
    assert found.bucket == vector["bucket"]


def test_all_keys_of_the_file_differ() -> None:
    keys = [vector[kind] for vector in PUBLISHED["keys"] for kind in ("user", "session", "token")]
    assert len(set(keys)) == len(keys)


def test_code_that_breaks_the_contract_cannot_publish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "subject_of", lambda claims: subject_of(claims)._replace(started_ms=2**50))

    with pytest.raises(vectors.ContractBroken):
        vectors.build()
