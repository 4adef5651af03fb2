"""Saving what an operator edits: issuers, applications, enforcement points."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from audit.events import EventKind, Events
from audit.initiators import Initiator, acting
from audit.record import Target, record
from sessions_app.blacklist.errors import InvalidProfile
from sessions_app.blacklist.profiles import SECRET_MEMBERS
from sessions_app.changes.errors import RealmIsFixed, ValuesRefused
from sessions_app.changes.longer_lives import prolong_entries
from sessions_app.changes.texts import shown
from sessions_app.models import Application, EnforcementPoint, Issuer, Realm
from sessions_app.models.moments import database_now
from sessions_app.outbound import is_callable
from sessions_app.tokens.profiles import OWN_ISSUERS, clear_profiles

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Problems = list[tuple[str, "StrOrPromise"]]


# A name that fits into a header line and into a WSGI key, and is not the header we read anyway.
HEADER = re.compile(r"(?!(?i:authorization|cookie|host)$)[A-Za-z][A-Za-z0-9-]{0,99}")


def realm_for(key: str, *, by: Initiator) -> Realm:
    """The realm of this key, made on first use. Raises ValuesRefused for a key nobody could read, or ours."""
    if not key or shown(key, limit=100) != key or key.startswith(OWN_ISSUERS):
        raise ValuesRefused(
            ("realm", _("A realm's key has 1 to 100 visible characters and is not Curfew's own."))
        )
    with transaction.atomic(), acting(by):
        realm, _made = Realm.objects.get_or_create(key=key, defaults={"name": key})
    return realm


def save_issuer(issuer: Issuer, *, by: Initiator) -> Issuer:
    """Store an issuer whose tokens guards will accept, and the audit entry with the changed fields.

    1. Refuse what would accept nothing, or what must not be accepted.
    2. Where sessions may live longer than before, prolong what ended them, published and read back.
    3. Store it; guards of this process see it at once, others within five seconds.

    Raises ValuesRefused, RealmIsFixed, or BlacklistUnavailable when step 2 fails; nothing is stored then
    but longer lives of entries, which do no harm.
    """
    problems = [*_issuer_problems(issuer), *_profile_problems(issuer), *_address_problems(issuer)]
    _refuse(issuer, problems)
    _refuse_moved(issuer)
    prolong_entries(issuer.realm, longest_life_ms=issuer.longest_life_ms)
    _note_age_of_keys(issuer)
    _store(issuer, Events.ISSUER_SAVED, by=by)
    clear_profiles()
    return issuer


def save_application(application: Application, *, by: Initiator) -> Application:
    """Store an application, and the audit entry with the changed fields. Raises ValuesRefused."""
    _refuse(application, [])
    _store(application, Events.APPLICATION_SAVED, by=by)
    return application


def save_enforcement_point(point: EnforcementPoint, *, by: Initiator) -> EnforcementPoint:
    """Store an enforcement point, and the audit entry with the changed fields. Raises ValuesRefused."""
    problems = _list_problems(point, "audiences")
    if point.token_header and not HEADER.fullmatch(point.token_header):
        problems = [*problems, ("token_header", _("A header's name has letters, digits and dashes only."))]
    _refuse(point, problems)
    _store(point, Events.ENFORCEMENT_POINT_SAVED, by=by)
    return point


def _store(row: Issuer | Application | EnforcementPoint, event: EventKind, *, by: Initiator) -> None:
    with transaction.atomic(), acting(by):
        row.save()
        record(event, initiator=by, target=Target.of(row, label=row.name))


def _refuse(row: Model, problems: Problems) -> None:
    """Raises ValuesRefused with these problems and those Django finds."""
    try:
        row.full_clean()
    except ValidationError as error:
        found = error.message_dict.items()
        problems = [*problems, *((name, " ".join(sentences)) for name, sentences in found)]
    if problems:
        raise ValuesRefused(*problems)


def _issuer_problems(issuer: Issuer) -> Problems:
    problems = [*_list_problems(issuer, "algorithms"), *_list_problems(issuer, "typ")]
    if issuer.iss.startswith(OWN_ISSUERS) or issuer.realm.key.startswith(OWN_ISSUERS):
        problems.append(("iss", _("This name is Curfew's own.")))
    if shown(issuer.iss, limit=500) != issuer.iss:
        problems.append(
            ("iss", _("The issuer is compared letter by letter; it has no spaces or hidden characters."))
        )
    if not issuer.audiences or _list_problems(issuer, "audiences"):
        problems.append(
            ("audiences", _("Name at least one audience, so that tokens for others are not accepted."))
        )
    return problems


def _profile_problems(issuer: Issuer) -> Problems:
    """What the guard itself would say of the profile, and whether any of its keys can be used."""
    if _has_secret_key(issuer.keys):
        return [
            (
                "keys",
                _(
                    "This contains a private or shared key. Paste public keys only, and treat that one as lost."
                ),
            )
        ]
    try:
        profile = issuer.profile()
    except (InvalidProfile, TypeError) as error:
        return [("keys", str(error).removeprefix(f"{issuer.iss}: "))]
    if not profile.verification_keys and not issuer.jwks_uri:
        return [("keys", _("None of these is a public signature key for the chosen algorithms."))]
    return []


def _has_secret_key(keys: object) -> bool:
    found: Any = keys.get("keys") if isinstance(keys, Mapping) else None
    listed = found if isinstance(found, list) else []
    return any(isinstance(jwk, Mapping) and SECRET_MEMBERS & jwk.keys() for jwk in [keys, *listed])


def _list_problems(row: Model, name: str) -> Problems:
    value = getattr(row, name)
    if isinstance(value, list) and all(isinstance(item, str) and len(item) <= 500 for item in value):
        return []
    return [(name, _("This is a list of texts."))]


def _note_age_of_keys(issuer: Issuer) -> None:
    """Keys given by hand, or kept for another address, are as good as fetched at this moment."""
    before = Issuer.objects.filter(pk=issuer.pk).first()
    if before is not None and (before.jwks_uri, before.keys) == (issuer.jwks_uri, issuer.keys):
        return
    is_known = bool(issuer.jwks_uri and issuer.keys.get("keys"))
    issuer.keys_fetched_at = database_now() if is_known else None
    issuer.keys_error = ""


def _address_problems(issuer: Issuer) -> Problems:
    """Where the keys are to be fetched from. A key that came over plain HTTP could be anybody's."""
    if issuer.jwks_uri and not is_callable(issuer.jwks_uri, allow_private=issuer.allow_private_jwks):
        return [
            (
                "jwks_uri",
                _(
                    "An https address. Plain http is only for a server on this machine, inside our own network."
                ),
            )
        ]
    return []


def _refuse_moved(issuer: Issuer) -> None:
    """Raises RealmIsFixed: entries are found by realm, so sessions of a moved issuer would escape theirs."""
    before = Issuer.objects.filter(pk=issuer.pk).first()
    if before is None or (before.realm_id, before.iss) == (issuer.realm_id, issuer.iss):
        return
    if before.sessions.exists():
        raise RealmIsFixed
