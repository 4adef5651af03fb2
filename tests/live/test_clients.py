"""Real OAuth clients, unchanged, at a running Curfew: Authlib, requests-oauthlib, and a strict one in JavaScript."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibClient
from requests_oauthlib import OAuth2Session

from tests.live.running import RunningCurfew, csrf_token, eventually, needs, reason_in

pytestmark = pytest.mark.clients

REDIRECT_URI = "https://story.northwind.example/callback"
AUDIENCE = "https://api.northwind.example"
JAVASCRIPT = Path(__file__).parent / "javascript"


@dataclass(frozen=True, kw_only=True)
class Registered:
    client_id: str
    secret: str


@pytest.fixture(scope="module")
def registered(curfew: RunningCurfew) -> Registered:
    said = curfew.manage(
        "oauth_client", "create", "story", "--name", "Story", "--redirect-uri", REDIRECT_URI,
        "--audience", AUDIENCE, "--trusted", "--may-introspect",
    )  # fmt: skip
    assert eventually(lambda: curfew_knows(curfew, "story", said.split()[-1]))
    return Registered(client_id="story", secret=said.split()[-1])


def curfew_knows(curfew: RunningCurfew, client_id: str, secret: str) -> bool:
    """Introspection keeps its callers in memory for a few seconds."""
    answer = httpx.post(f"{curfew.address}/oauth/introspect", data={"token": "x"}, auth=(client_id, secret))
    return answer.status_code == 200


def metadata_of(curfew: RunningCurfew) -> dict[str, str]:
    return httpx.get(f"{curfew.address}/.well-known/openid-configuration").json()


def sent_back(browser: httpx.Client, address: str) -> str:
    """Where the browser of somebody signed in is sent: the client's address with a code in it."""
    answer = browser.get(address, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def authlib_client(curfew: RunningCurfew, registered: Registered) -> AuthlibClient:
    return AuthlibClient(
        registered.client_id,
        registered.secret,
        scope="openid profile",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
        token_endpoint=metadata_of(curfew)["token_endpoint"],
        leeway=300,  # every token is refreshed before it is used: it lives as long
    )


def sign_in(curfew: RunningCurfew, client: AuthlibClient, name: str) -> dict[str, str]:
    verifier = "v" * 64
    with curfew.sign_in(name) as browser:
        address, state = client.create_authorization_url(
            metadata_of(curfew)["authorization_endpoint"], code_verifier=verifier
        )
        back = sent_back(browser, address)
    return client.fetch_token(authorization_response=back, state=state, code_verifier=verifier)


def at_sample(curfew: RunningCurfew, token: str) -> httpx.Response:
    return httpx.get(curfew.sample + "/", headers={"Authorization": f"Bearer {token}"})


def terminate(curfew: RunningCurfew, by: str, person: str, reason: str) -> None:
    """The dialog as a plain page, filled in and sent."""
    with curfew.sign_in(by) as browser:
        found = browser.get("/people/", params={"q": person}).text
        address = next(part for part in found.split('"') if part.endswith("/terminate/"))
        page = browser.get(address).text
        hidden = {name: value_of(page, name) for name in ("order_key", "sessions_seen", "seen")}
        answer = browser.post(
            address,
            data={
                "reason": reason,
                "ticket": "",
                "note": "",
                "csrfmiddlewaretoken": csrf_token(page),
                **hidden,
            },
        )
        assert "/revocations/CF-" in str(answer.url), answer.text


def value_of(page: str, name: str) -> str:
    _before, _found, rest = page.partition(f'name="{name}" value="')
    return rest.partition('"')[0]


# --- Each library, unchanged ----------------------------------------------------------------------


def test_authlib_signs_in_and_refreshes_by_itself(curfew: RunningCurfew, registered: Registered) -> None:
    with authlib_client(curfew, registered) as client:
        first = sign_in(curfew, client, "otto")["access_token"]

        about = client.get(metadata_of(curfew)["userinfo_endpoint"])

        assert about.json()["name"] == "Otto Berg"
        assert client.token["access_token"] != first  # it refreshed before it asked
        assert at_sample(curfew, client.token["access_token"]).status_code == 200


def test_requests_oauthlib_signs_in_and_refreshes(
    curfew: RunningCurfew, registered: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    metadata = metadata_of(curfew)
    client = OAuth2Session(registered.client_id, redirect_uri=REDIRECT_URI, scope=["openid"], pkce="S256")
    with curfew.sign_in("otto") as browser:
        address, _state = client.authorization_url(metadata["authorization_endpoint"])
        back = sent_back(browser, address)

    first = client.fetch_token(
        metadata["token_endpoint"], authorization_response=back, client_secret=registered.secret
    )
    second = client.refresh_token(metadata["token_endpoint"], auth=(registered.client_id, registered.secret))

    assert first["refresh_token"] != second["refresh_token"]
    assert client.get(metadata["userinfo_endpoint"]).json()["sub"]


@pytest.fixture(scope="module")
def strict_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JavaScript client with its locked dependencies, installed outside of the checkout."""
    needs("npm")
    folder = tmp_path_factory.mktemp("javascript")
    shutil.copytree(JAVASCRIPT, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=120)
    return folder


def test_a_strict_javascript_client_passes_from_discovery_to_revocation(
    curfew: RunningCurfew, registered: Registered, strict_client: Path
) -> None:
    environment = {
        **os.environ,
        "ISSUER": curfew.address,
        "CLIENT_ID": registered.client_id,
        "CLIENT_SECRET": registered.secret,
        "REDIRECT_URI": REDIRECT_URI,
    }
    with (
        subprocess.Popen(
            [needs("node"), "client.mjs"],
            cwd=strict_client,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as client,
        curfew.sign_in("otto") as browser,
    ):
        assert client.stdout is not None
        go = json.loads(client.stdout.readline())["go"]
        said, _errors = client.communicate(sent_back(browser, go) + "\n", timeout=60)

    came_of_it = json.loads(said)
    assert came_of_it.pop("subject")
    assert came_of_it == {
        "name": "Otto Berg",
        "before": True,
        "after": {"active": False},
        "refused": "invalid_grant",
    }


# --- The story ------------------------------------------------------------------------------------


@pytest.fixture
def ines(curfew: RunningCurfew, registered: Registered) -> Iterator[AuthlibClient]:
    """An application of hers that refreshes by itself whenever it asks for something."""
    with authlib_client(curfew, registered) as client:
        sign_in(curfew, client, "ines")
        yield client


def test_after_terminate_now_the_token_the_refresh_and_the_sign_in_are_refused_with_a_reason(
    curfew: RunningCurfew, ines: AuthlibClient
) -> None:
    token, refresh_token = ines.token["access_token"], ines.token["refresh_token"]
    others = curfew.token("otto")
    assert at_sample(curfew, token).status_code == 200

    terminate(curfew, "hana", "ines", "offboarding")

    refused = at_sample(curfew, token)
    refreshed = httpx.post(
        metadata_of(curfew)["token_endpoint"],
        data={"grant_type": "refresh_token", "refresh_token": refresh_token},
        auth=(ines.client_id, ines.client_secret),
    )
    with httpx.Client(base_url=curfew.address, follow_redirects=True) as browser:
        page = browser.get("/accounts/login/").text
        form = {"login": "ines", "password": curfew.password, "csrfmiddlewaretoken": csrf_token(page)}
        browser.post("/accounts/login/", data=form)
        still_out = browser.get("/me/")
    assert (refused.status_code, reason_in(refused)) == (401, "user_blocked")
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
    assert "/accounts/login/" in str(still_out.url)
    assert at_sample(curfew, others).status_code == 200


def test_the_dashboards_cookie_is_out_at_the_next_click(curfew: RunningCurfew) -> None:
    with curfew.sign_in("carlos") as browser:
        before = browser.get(f"{curfew.dashboard}/sign-in", headers={"Accept": "text/html"})

        terminate(curfew, "sam", "carlos", "role_change")
        after = browser.get(f"{curfew.dashboard}/", headers={"Accept": "text/html"})

    assert "Welcome, Carlos Vega" in before.text
    assert (after.status_code, after.url.path) == (401, "/ended")
    assert "What you may do has changed. Sign in again." in after.text
