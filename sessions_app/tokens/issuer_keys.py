"""Issuers' keys by address: fetched by the clock, by hand, and when a token names a key nobody knows.

What is fetched lands in the issuer's row, so every guard follows through SQL and the guard file. A dead or
broken address changes nothing: the last good keys stay, until they are too old to be believed.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.initiators import Initiator, InitiatorKind, acting, the_clock
from audit.record import Outcome, Target, record
from sessions_app.blacklist.errors import InvalidProfile
from sessions_app.blacklist.profiles import SECRET_MEMBERS
from sessions_app.models import Issuer
from sessions_app.models.moments import database_now
from sessions_app.outbound import CallFailed, CallFailure, get_json

logger = logging.getLogger(__name__)

# Of a token with an unknown key, however many come: one look a minute for each issuer.
LOOK_AGAIN_SECONDS = 60

# What a key is made of (RFC 7517, RFC 7518, RFC 8037). Certificates beside it are of no use to us.
KEY_MEMBERS = frozenset({"kty", "kid", "use", "alg", "key_ops", "crv", "x", "y", "n", "e"})


class SetFailure(TextChoices):
    """Why a document is no key set to be used."""

    NO_SET = "no_set", _("its answer is not a JSON Web Key Set")
    PRIVATE_KEY = "private_key", _("it publishes a private or shared key; treat that key as lost")
    NO_USABLE_KEY = "no_usable_key", _("it has no public signature key for the chosen algorithms")


class SetRefused(Exception):
    def __init__(self, failure: SetFailure) -> None:
        super().__init__(str(failure.value))
        self.failure = failure


def keys_problem(issuer: Issuer) -> str:
    """What was wrong with the last fetch, as a sentence's end; "" when it went well."""
    labels = {str(value): label for value, label in [*CallFailure.choices, *SetFailure.choices]}
    return str(labels.get(issuer.keys_error, issuer.keys_error))


def fetch_keys(issuer_id: int, *, by: Initiator) -> Issuer:
    """Fetch the keys of one issuer by its address, and note what came of it in its row.

    1. Call the address; nothing is locked meanwhile.
    2. Judge the set: public keys only, at least one of them usable.
    3. Store keys that differ with an audit entry, and when they were fetched; or only the error.

    Whatever fails, the keys in the row stay as they were.
    """
    issuer = Issuer.objects.select_related("realm").get(pk=issuer_id)
    try:
        found = get_json(issuer.jwks_uri, allow_private=issuer.allow_private_jwks)
        keys = _judged(found, issuer)
    except (CallFailed, SetRefused) as refusal:
        _note_failure(issuer, refusal.failure.value, by=by)
        logger.warning("keys of issuer %s could not be fetched: %s", issuer_id, refusal.failure.value)
    else:
        _keep(issuer, keys, by=by)
    issuer.refresh_from_db()
    return issuer


def fetch_all_keys(*, by: Initiator) -> int:
    """Fetch the keys of every issuer that has an address; how many were tried."""
    issuers = list(_with_address().values_list("pk", flat=True))
    for issuer_id in issuers:
        fetch_keys(issuer_id, by=by)
    return len(issuers)


def _note_failure(issuer: Issuer, failure: str, *, by: Initiator) -> None:
    """An entry when somebody asked for it; by the clock, which asks every few minutes, only of a new trouble."""
    with transaction.atomic():
        asked = Issuer.objects.filter(pk=issuer.pk, jwks_uri=issuer.jwks_uri)
        is_new = asked.exclude(keys_error=failure).update(keys_error=failure)
        if is_new or by.kind is not InitiatorKind.CLOCK:
            record(
                Events.ISSUER_KEYS_CHANGED,
                initiator=by,
                target=Target.of(issuer, label=issuer.name),
                outcome=Outcome.FAILED,
                details={"why": failure},
            )


def _with_address() -> QuerySet[Issuer]:
    return Issuer.objects.exclude(jwks_uri="")


def _judged(found: object, issuer: Issuer) -> dict[str, Any]:
    listed = found.get("keys") if isinstance(found, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(key, Mapping) for key in listed):
        raise SetRefused(SetFailure.NO_SET)
    if any(SECRET_MEMBERS & key.keys() for key in listed):
        raise SetRefused(SetFailure.PRIVATE_KEY)
    keys = {"keys": [{name: key[name] for name in sorted(KEY_MEMBERS & key.keys())} for key in listed]}
    try:
        usable = replace(issuer.profile(), keys=keys).verification_keys
    except (InvalidProfile, TypeError, ValueError) as error:
        raise SetRefused(SetFailure.NO_SET) from error
    if not usable:
        raise SetRefused(SetFailure.NO_USABLE_KEY)
    return keys


def _keep(fetched: Issuer, keys: dict[str, Any], *, by: Initiator) -> None:
    """Unless the address was changed meanwhile: then this is the answer to another question."""
    with transaction.atomic(), acting(by):
        issuer = Issuer.objects.select_for_update().filter(pk=fetched.pk, jwks_uri=fetched.jwks_uri).first()
        if issuer is None:
            return
        added, removed = _difference(issuer.keys, keys)
        stamp = {"keys_fetched_at": database_now(), "keys_error": ""}
        if added or removed:
            issuer.keys = keys
            issuer.save(update_fields=["keys", "updated_at"])
            record(
                Events.ISSUER_KEYS_CHANGED,
                initiator=by,
                target=Target.of(issuer, label=issuer.name),
                details={"added": added, "removed": removed},
            )
        Issuer.objects.filter(pk=issuer.pk).update(**stamp)


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[int, int]:
    """How many keys are new and how many are gone; the order of a set says nothing."""
    before, after = ({json.dumps(key, sort_keys=True) for key in keys.get("keys", [])} for keys in (old, new))
    return len(after - before), len(before - after)


# --- Without making anybody wait --------------------------------------------------------------------


class KeyFetching:
    """Fetches behind the caller's back, in at most one thread; a dead address must hold up nobody."""

    def __init__(self, *, on_fetched: Callable[[], None]) -> None:
        self._on_fetched = on_fetched
        self._one_at_a_time = threading.Lock()
        self._looked_at: dict[str, float] = {}

    def every_issuer(self) -> bool:
        """Start to fetch for every issuer with an address; False where there is none, or it runs already."""
        return _with_address().exists() and self._start(lambda: fetch_all_keys(by=the_clock()))

    def after_unknown_key(self, iss: str) -> bool:
        """Start to fetch for the issuer of a token whose key is unknown, unless that was done a minute ago.

        The address is the one in its row, whatever the token says.
        """
        now = time.monotonic()
        if now - self._looked_at.get(iss, -LOOK_AGAIN_SECONDS) < LOOK_AGAIN_SECONDS:
            return False
        self._looked_at[iss] = now
        return self._start(lambda: _look_again(iss))

    def _start(self, work: Callable[[], object]) -> bool:
        if not self._one_at_a_time.acquire(blocking=False):
            return False
        try:
            threading.Thread(target=self._run, args=[work], name="issuers' keys", daemon=True).start()
        except RuntimeError:
            self._one_at_a_time.release()
            return False
        return True

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
            self._on_fetched()
        except Exception:  # whatever goes wrong, the next time is near and the keys stay as they are
            logger.exception("issuers' keys could not be fetched")
        finally:
            connection.close()
            self._one_at_a_time.release()


def _look_again(iss: str) -> None:
    """One look a minute for all processes together: they share the cache."""
    issuer = _with_address().filter(iss=iss).first()
    if issuer is not None and cache.add(f"keys-of-issuer-{issuer.pk}", 1, LOOK_AGAIN_SECONDS):
        fetch_keys(issuer.pk, by=the_clock())
