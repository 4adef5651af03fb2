"""What an Admin and others configure."""

from __future__ import annotations

import uuid
from typing import Any

from audit.initiators import the_shell
from sessions_app.changes.credentials import create_credential
from sessions_app.models import Role
from sessions_app.tokens.signing import current_key
from tests.every_deed.deeds import Act, deed
from tests.factories import a_grant, an_application, an_enforcement_point, an_issuer, public_jwk
from tests.key_server import KeyServer
from tests.oauth_client import an_app
from tests.portal.settings.test_applications_and_points import GATE, WIKI
from tests.portal.settings.test_issuers import a_profile
from tests.portal.settings.test_oauth_clients import NEW as NEW_CLIENT
from tests.portal.settings.test_oauth_clients import WIKI as CLIENT
from tests.portal.settings.test_oauth_clients import page_of
from tests.portal.settings.test_policies import A_POLICY

ROLE = {"role": "auditor", "population_kind": "everybody", "reason": "covers for Aude"}
HOOK = {"name": "Hook", "scopes": "sessions:write", "days": "7"}


@deed("settings/roles/grant/<uuid:user_id>/", "RO-101 ada otto", answers=303)
def granting_a_role(scene: Any) -> Act:
    return scene.post("ada", f"/settings/roles/grant/{scene.otto.pk}/", ROLE)


@deed("settings/roles/grant/<uuid:user_id>/", "RO-101F ada ada", answers=422)
def granting_to_oneself(scene: Any) -> Act:
    return scene.post("ada", f"/settings/roles/grant/{scene.ada.pk}/", ROLE)


@deed("settings/roles/<uuid:grant_id>/revoke/", "RO-102 ada otto", answers=303)
def taking_a_role_back(scene: Any) -> Act:
    held = a_grant(scene.otto, Role.AUDITOR)
    return scene.post("ada", f"/settings/roles/{held.pk}/revoke/", {"reason": "no longer needed"})


@deed("settings/roles/<uuid:grant_id>/revoke/", "RO-102F ada ada", answers=422)
def taking_the_last_admin_s_role(scene: Any) -> Act:
    held = scene.ada.role_grants.get()
    return scene.post("ada", f"/settings/roles/{held.pk}/revoke/", {"reason": "no longer needed"})


@deed("settings/policies/edit/", "CH-002 ada policy", answers=303)
def changing_the_policy(scene: Any) -> Act:
    return scene.post("ada", "/settings/policies/edit/", A_POLICY)


@deed("settings/issuers/new/", "CH-001 ada realm", "CH-001 ada issuer", "ST-101 ada issuer", answers=303)
def adding_an_issuer(scene: Any) -> Act:
    return scene.post("ada", "/settings/issuers/new/", a_profile())


@deed("settings/issuers/<int:issuer_id>/", "CH-002 ada issuer", "ST-101 ada issuer", answers=303)
def changing_an_issuer(scene: Any) -> Act:
    issuer = an_issuer()
    form = a_profile(name="Another name", iss=issuer.iss, realm_key=issuer.realm.key)
    return scene.post("ada", f"/settings/issuers/{issuer.pk}/", form)


def fetching(scene: Any, *, answer: dict[str, Any]) -> Act:
    server: KeyServer = scene.fixture("key_server")
    server.answer = answer
    issuer = an_issuer(
        "https://keys.example", jwks_uri=server.url, allow_private_jwks=True, keys={"keys": []}
    )
    return scene.post("ada", f"/settings/issuers/{issuer.pk}/keys/")


@deed("settings/issuers/<int:issuer_id>/keys/", "CH-002 ada issuer", "ST-110 ada issuer", answers=303)
def fetching_other_keys(scene: Any) -> Act:
    return fetching(scene, answer={"keys": [public_jwk()]})


@deed("settings/issuers/<int:issuer_id>/keys/", "ST-110F ada issuer", answers=303)
def fetching_what_is_no_key(scene: Any) -> Act:
    return fetching(scene, answer={"nothing": "here"})


@deed("settings/issuers/explain/", "ST-104 ivan -")
def having_a_token_explained(scene: Any) -> Act:
    return scene.post("ivan", "/settings/issuers/explain/", {"token": "a.b.c"})


@deed("settings/applications/new/", "CH-001 ada application", "ST-102 ada application", answers=303)
def adding_an_application(scene: Any) -> Act:
    return scene.post("ada", "/settings/applications/new/", WIKI)


@deed(
    "settings/applications/<int:application_id>/",
    "CH-002 ada application",
    "ST-102 ada application",
    answers=303,
)
def changing_an_application(scene: Any) -> Act:
    wiki = an_application("wiki", name="Wiki", cache_seconds=0)
    return scene.post("ada", f"/settings/applications/{wiki.pk}/", WIKI)


@deed(
    "settings/enforcement-points/new/",
    "CH-001 ada enforcement_point",
    "ST-103 ada enforcement_point",
    answers=303,
)
def adding_an_enforcement_point(scene: Any) -> Act:
    return scene.post("ada", "/settings/enforcement-points/new/", GATE)


@deed(
    "settings/enforcement-points/<int:point_id>/edit/",
    "CH-002 ada enforcement_point",
    "ST-103 ada enforcement_point",
    answers=303,
)
def changing_an_enforcement_point(scene: Any) -> Act:
    point = an_enforcement_point("gateway", cache_seconds=30)
    return scene.post("ada", f"/settings/enforcement-points/{point.pk}/edit/", GATE)


@deed(
    "settings/enforcement-points/<int:point_id>/mode/",
    "CH-002 ada enforcement_point",
    "ST-103 ada enforcement_point",
    answers=303,
)
def letting_a_point_only_observe(scene: Any) -> Act:
    point = an_enforcement_point("gateway")
    return scene.post("ada", f"/settings/enforcement-points/{point.pk}/mode/", {"mode": "observe"})


@deed("settings/credentials/new/", "MC-101 ada machine_credential")
def creating_a_credential(scene: Any) -> Act:
    return scene.post("ada", "/settings/credentials/new/", HOOK)


@deed("settings/credentials/<uuid:credential_id>/revoke/", "MC-102 ada machine_credential", answers=303)
def revoking_a_credential(scene: Any) -> Act:
    made = create_credential(name=f"Hook {uuid.uuid4()}", scopes=["sessions:write"], by=the_shell())
    return scene.post("ada", f"/settings/credentials/{made.credential.pk}/revoke/")


# A client's audiences become those of our own issuer.
SAVED = ("CH-001 ada o_auth_client", "ST-106 ada oauth_client", "CH-002 ada issuer")


@deed("settings/oauth-clients/new/", *SAVED)
def registering_a_client(scene: Any) -> Act:
    return scene.post("ada", NEW_CLIENT, CLIENT)


@deed(
    "settings/oauth-clients/<int:client_id>/",
    "CH-002 ada o_auth_client",
    "ST-106 ada oauth_client",
    "CH-002 ada issuer",
    answers=303,
)
def changing_a_client(scene: Any) -> Act:
    return scene.post("ada", page_of(an_app().client), {**CLIENT, "client_id": "dashboard"})


@deed("settings/oauth-clients/<int:client_id>/secret/", "CH-002 ada o_auth_client", "ST-107 ada oauth_client")
def drawing_a_secret(scene: Any) -> Act:
    return scene.post("ada", page_of(an_app().client, "secret/"))


@deed(
    "settings/oauth-clients/<int:client_id>/switch/",
    "CH-002 ada o_auth_client",
    "ST-108 ada oauth_client",
    answers=303,
)
def switching_a_client_off(scene: Any) -> Act:
    return scene.post("ada", page_of(an_app().client, "switch/"), {"state": "off"})


@deed("settings/signing-keys/rotate/", "ST-105 ada signing_key", "CH-002 ada issuer", answers=303)
def rotating_the_signing_key(scene: Any) -> Act:
    return scene.post("ada", "/settings/signing-keys/rotate/")


@deed(
    "settings/signing-keys/<int:key_id>/withdraw/",
    "ST-109 ada signing_key",
    "ST-105 ada signing_key",
    "CH-002 ada issuer",
    answers=303,
)
def withdrawing_the_signing_key(scene: Any) -> Act:
    form = {"reason": "its copy lay in a backup"}
    return scene.post("ada", f"/settings/signing-keys/{current_key().pk}/withdraw/", form)


@deed("settings/signing-keys/<int:key_id>/withdraw/", answers=422)
def withdrawing_the_signing_key_without_saying_why(scene: Any) -> Act:
    return scene.post("ada", f"/settings/signing-keys/{current_key().pk}/withdraw/", {"reason": ""})
