"""What somebody allowed an application to know of them: asked once, and again when it wants more."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Target, record
from sessions_app.models import Consent, OAuthClient, User
from sessions_app.models.moments import database_now


def has_consented(user: User, client: OAuthClient, scopes: Collection[str]) -> bool:
    """Whether everything that is asked for was allowed before."""
    given = Consent.objects.filter(user=user, client=client).first()
    return given is not None and set(scopes) <= set(given.scopes)


def note_consent(user: User, client: OAuthClient, scopes: Collection[str], *, by: Initiator) -> None:
    """Remember that these scopes were allowed, with those allowed before; recorded when it is more."""
    if has_consented(user, client, scopes):
        return
    with transaction.atomic():
        given, _made = Consent.objects.select_for_update().get_or_create(
            user=user, client=client, defaults={"given_at": database_now()}
        )
        given.scopes = sorted({*given.scopes, *scopes})
        given.given_at = database_now()
        given.save(update_fields=["scopes", "given_at"])
        record(
            Events.CONSENT_GIVEN,
            initiator=by,
            target=Target(kind="oauth_client", id=client.client_id, label=client.name),
            details={"scopes": " ".join(given.scopes) or "-"},
        )


def note_refused_consent(client: OAuthClient, scopes: Collection[str], *, by: Initiator) -> None:
    """Somebody was asked and did not want to; nothing else is kept of it."""
    with transaction.atomic():
        record(
            Events.CONSENT_REFUSED,
            initiator=by,
            target=Target(kind="oauth_client", id=client.client_id, label=client.name),
            details={"scopes": " ".join(sorted(scopes)) or "-"},
        )
