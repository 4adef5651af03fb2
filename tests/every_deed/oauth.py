"""Signing in to applications with our own authorization server, and giving tokens back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.test import Client

from tests.every_deed.deeds import Act, deed
from tests.factories import an_enforcement_point, token_for
from tests.oauth_client import App, a_service, an_app, basic
from tests.portal.hot_path.wired import a_hot_path, answer_of, form_of

AUTHORIZE, TOKEN, REVOKE = "oauth/authorize", "oauth/token", "oauth/revoke"


@deed(AUTHORIZE, answers=302)
def being_sent_back_with_a_code(scene: Any) -> Act:
    """A code lives a minute and is nobody's access yet: exchanging it is."""
    address, _verifier = an_app().question()
    return scene.get("ines", address)


@deed(AUTHORIZE, "SI-110 ines oauth_client", answers=302)
def allowing_an_application_to_know_me(scene: Any) -> Act:
    address, _verifier = an_app(is_trusted=False).question()
    return scene.post("ines", address, {"allow": "yes"})


@deed(AUTHORIZE, "SI-111 ines oauth_client", answers=302)
def not_allowing_it(scene: Any) -> Act:
    address, _verifier = an_app(is_trusted=False).question()
    return scene.post("ines", address, {"deny": "yes"})


@deed(AUTHORIZE, "SI-103 ines ines", answers=302)
def signing_in_anew(scene: Any) -> Act:
    """An application asked for it; saying yes signs out first."""
    address, _verifier = an_app().question(prompt="login")
    return scene.post("ines", address, {"again": "yes"})


@deed(TOKEN, "SE-103 ines ines")
def exchanging_a_code(scene: Any) -> Act:
    app = an_app()
    code, verifier = app.code_for(scene.browser("ines"))
    return lambda: app.post_code(code, verifier)


@deed(TOKEN)
def refreshing(scene: Any) -> Act:
    """Use of a sign-in that is in the trail already; the trail does not count uses."""
    app, tokens = signed_in(scene)
    return lambda: app.refresh(tokens.refresh_token)


@deed(
    TOKEN,
    "RV-102 authorization-server ines",
    "RV-110 authorization-server ines",
    "SE-110F authorization-server ines",
    answers=400,
)
def using_a_code_twice(scene: Any) -> Act:
    app = an_app()
    code, verifier = app.code_for(scene.browser("ines"))
    app.exchange(code, verifier)
    return lambda: app.post_code(code, verifier)


@deed(TOKEN, "SE-103 authorization-server client:nightly-job")
def drawing_a_token_for_a_program_itself(scene: Any) -> Act:
    service = a_service()
    return lambda: service.post("/oauth/token", {"grant_type": "client_credentials"})


@deed(TOKEN, "AC-401F unidentified oauth_client", answers=401)
def exchanging_with_a_wrong_secret(scene: Any) -> Act:
    app = an_app()
    app.secret = "cfs_wrong"
    return lambda: app.post_code("code", "verifier")


@deed(REVOKE, "RV-102 ines ines", "RV-110 ines ines")
def giving_a_token_back(scene: Any) -> Act:
    app, tokens = signed_in(scene)
    return lambda: app.post("/oauth/revoke", {"token": tokens.refresh_token})


@deed(REVOKE, "AC-401F unidentified oauth_client", answers=401)
def giving_back_with_a_wrong_secret(scene: Any) -> Act:
    app = an_app()
    app.secret = "cfs_wrong"
    return lambda: app.post("/oauth/revoke", {"token": "any"})


@deed("oauth/userinfo")
def asking_who_the_bearer_is(scene: Any) -> Act:
    """A read that may come as a POST."""
    _app, tokens = signed_in(scene)
    machine = Client(headers={"Authorization": f"Bearer {tokens.access_token}"})
    return lambda: machine.post("/oauth/userinfo")


@deed("verdict", answers=204)
def asking_for_a_verdict(scene: Any) -> Act:
    """What guards ask on every request is counted, not recorded."""
    an_enforcement_point()
    token = token_for(scene.ines, scene.session)
    path = a_hot_path([])
    return lambda: Answered(
        answer_of(path, {"PATH_INFO": "/verdict", "HTTP_AUTHORIZATION": f"Bearer {token}"})
    )


@deed("oauth/introspect")
def introspecting(scene: Any) -> Act:
    app = an_app(may_introspect=True)
    proof = basic(app.client.client_id, app.secret)
    form = form_of(urlencode({"token": token_for(scene.ines)}).encode(), HTTP_AUTHORIZATION=proof)
    path = a_hot_path([])
    return lambda: Answered(answer_of(path, form))


class Answered:
    """What the hot path said, with the status where a response has it."""

    def __init__(self, answer: tuple[int, dict[str, str], bytes]) -> None:
        self.status_code = answer[0]


def signed_in(scene: Any) -> tuple[App, Any]:
    app = an_app()
    return app, app.exchange(*app.code_for(scene.browser("ines")))
