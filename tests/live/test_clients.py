"""Real OAuth clients, unchanged, at a running Curfew: Authlib, requests-oauthlib, and a strict one in JavaScript."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
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


def sign_in(curfew: RunningCurfew, client: AuthlibClient, name: str) -> None:
    with curfew.sign_in(name) as browser:
        go_in(curfew, client, browser)


def go_in(curfew: RunningCurfew, client: AuthlibClient, browser: httpx.Client) -> None:
    """From this browser to tokens of this client; an explanation is read on the way."""
    verifier = "v" * 64
    address, state = client.create_authorization_url(
        metadata_of(curfew)["authorization_endpoint"], code_verifier=verifier
    )
    page = browser.get("/explanation/").text
    browser.post("/explanation/", data={"next": "/", "csrfmiddlewaretoken": csrf_token(page)})
    back = sent_back(browser, address)
    client.fetch_token(authorization_response=back, state=state, code_verifier=verifier)


def refresh(curfew: RunningCurfew, client: AuthlibClient, refresh_token: str) -> httpx.Response:
    return httpx.post(
        metadata_of(curfew)["token_endpoint"],
        data={"grant_type": "refresh_token", "refresh_token": refresh_token},
        auth=(client.client_id, client.client_secret),
    )


def claims_in(client: AuthlibClient) -> dict[str, Any]:
    return jwt.decode(client.token["access_token"], options={"verify_signature": False})


def last_receipt(curfew: RunningCurfew, reason: str) -> dict[str, Any]:
    """The latest receipt with this reason, as an auditor reads it: one after another."""
    with curfew.sign_in("aude") as browser:
        for receipt in re.findall(r"/revocations/(CF-[^/]+)/", browser.get("/revocations/").text):
            facts = browser.get(f"/revocations/{receipt}.json").json()
            if facts["reason"] == reason:
                return facts
    raise AssertionError(f"no receipt says {reason}")


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
        sign_in(curfew, client, "otto")
        first = client.token["access_token"]

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


# --- A second factor, as an authenticator app keeps it ---------------------------------------------


def enrol(curfew: RunningCurfew, name: str) -> str:
    """The secret of a code app that this person has set up on the pages."""
    with curfew.sign_in(name) as browser:
        page = browser.get("/accounts/2fa/totp/activate/")
        form = {"password": curfew.password, "csrfmiddlewaretoken": csrf_token(page.text)}
        page = browser.post(str(page.url), data=form) if "reauthenticate" in str(page.url) else page
        found = re.search(r'data-copy="([A-Z2-7]+)"', page.text)
        assert found, page.text
        form = {"code": unused_code_of(found[1]), "csrfmiddlewaretoken": csrf_token(page.text)}
        done = browser.post("/accounts/2fa/totp/activate/", data=form)
        assert "recovery" in str(done.url), done.text
        return found[1]


def let_set_up(curfew: RunningCurfew, by: str, person: str) -> None:
    """Somebody made sure who it is, and lets them set up a second factor."""
    with curfew.sign_in(by) as browser:
        found = browser.get("/people/", params={"q": person}).text
        (page,) = set(re.findall(r'href="(/people/[0-9a-f-]{36}/)"', found))
        form = browser.get(page + "second-factor/")
        answer = browser.post(
            page + "second-factor/",
            data={
                "how": "enrol",
                "reason": "Seen in person, badge shown",
                "csrfmiddlewaretoken": csrf_token(form.text),
            },
        )
        assert "for the next hour" in answer.text, answer.text


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def unused_code_of(secret: str, used: set[str] = set()) -> str:  # noqa: B006  # one app, one memory
    """The next code: each opens once, as everywhere, so that this may wait for half a minute."""
    assert eventually(lambda: code_of(secret) not in used, within_seconds=40)
    code = code_of(secret)
    used.add(code)
    return code


@contextmanager
def signed_in_with_code(curfew: RunningCurfew, name: str, secret: str) -> Iterator[httpx.Client]:
    with curfew.sign_in(name) as browser:
        page = browser.get("/accounts/2fa/authenticate/")
        form = {"code": unused_code_of(secret), "csrfmiddlewaretoken": csrf_token(page.text)}
        done = browser.post("/accounts/2fa/authenticate/", data=form)
        assert "/accounts/" not in str(done.url), done.text
        yield browser


# --- The story ------------------------------------------------------------------------------------


@pytest.fixture
def ines(curfew: RunningCurfew, registered: Registered) -> Iterator[AuthlibClient]:
    """An application of hers that refreshes by itself whenever it asks for something."""
    with authlib_client(curfew, registered) as client:
        sign_in(curfew, client, "ines")
        yield client


def test_after_a_role_change_the_next_sign_in_brings_fewer_claims_and_the_receipt_says_so(
    curfew: RunningCurfew, ines: AuthlibClient
) -> None:
    token, refresh_token = ines.token["access_token"], ines.token["refresh_token"]
    assert "approve" in claims_in(ines)["roles"]
    directory = curfew.manage("credential", "create", "Directory", "--scope", "roles:write").split()[-1]

    told = httpx.put(
        f"{curfew.address}/api/v1/groups/finance-approvers/members",
        json={"external_ids": []},
        headers={"Authorization": f"Bearer {directory}"},
    )
    refused, refreshed = at_sample(curfew, token), refresh(curfew, ines, refresh_token)
    sign_in(curfew, ines, "ines")

    assert told.json()["left"] >= 1, told.text
    assert (refused.status_code, reason_in(refused)) == (401, "claims_changed")
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
    assert "approve" not in claims_in(ines)["roles"]
    assert "finance-approvers" not in claims_in(ines)["groups"]
    assert at_sample(curfew, ines.token["access_token"]).status_code == 200
    change = last_receipt(curfew, "role_change")["role_change"]
    assert change["state"] == "confirmed"
    assert {"group": "finance-approvers"} in change["lost"]
    assert change["compared_with"] == metadata_of(curfew)["issuer"]


def test_after_a_hijack_the_password_alone_opens_nothing_and_a_second_factor_does(
    curfew: RunningCurfew, registered: Registered
) -> None:
    with authlib_client(curfew, registered) as paula:
        sign_in(curfew, paula, "paula")
        token, refresh_token = paula.token["access_token"], paula.token["refresh_token"]
        assert at_sample(curfew, token).status_code == 200

        terminate(curfew, "sam", "paula", "security_incident")
        refused, refreshed = at_sample(curfew, token), refresh(curfew, paula, refresh_token)
        with curfew.sign_in("paula") as browser:
            with_the_password_alone = browser.get("/me/")
        let_set_up(curfew, "sam", "paula")
        secret = enrol(curfew, "paula")
        with signed_in_with_code(curfew, "paula", secret) as browser:
            go_in(curfew, paula, browser)

        assert refused.status_code == 401
        assert refreshed.json()["error"] == "invalid_grant"
        assert "/step-up/" in str(with_the_password_alone.url)
        assert "mfa" in claims_in(paula)["amr"]
        assert at_sample(curfew, paula.token["access_token"]).status_code == 200
        proved = last_receipt(curfew, "security_incident")["second_factor"]
        assert proved["proved_at"] is not None
        assert proved["proved_to"].startswith("urn:curfew:portal")  # where the code was typed in


def test_after_terminate_now_the_token_the_refresh_and_the_sign_in_are_refused_with_a_reason(
    curfew: RunningCurfew, ines: AuthlibClient
) -> None:
    token, refresh_token = ines.token["access_token"], ines.token["refresh_token"]
    others = curfew.token("otto")
    assert at_sample(curfew, token).status_code == 200

    terminate(curfew, "hana", "ines", "offboarding")

    refused = at_sample(curfew, token)
    refreshed = refresh(curfew, ines, refresh_token)
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
