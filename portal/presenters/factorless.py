"""Where it cannot be checked whether somebody is back with a second factor."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from portal.presenters.words import clean
from sessions_app.models import Issuer, User
from sessions_app.models.issuers import StartedFrom
from sessions_app.tokens.profiles import OWN_ISSUERS

PROVE_NOTHING = Q(second_factor_claim="") | Q(started_from=StartedFrom.IAT)


def factorless_issuers_of(people: Collection[User]) -> list[str]:
    """Issuers of these people whose tokens prove no second factor, or none that is known to be new."""
    issuers = Issuer.objects.filter(PROVE_NOTHING, realm__identities__user__in=people)
    return [
        clean(issuer.name)
        for issuer in issuers.exclude(iss__startswith=OWN_ISSUERS).order_by("name").distinct()
    ]
