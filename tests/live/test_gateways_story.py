"""Terminate now, seen from behind real proxies: before, after, while unknown, forged, and for everybody else."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.live.gateways import (
    OAUTH2_PROXY,
    Run,
    RunningGateway,
    nobody,
    running_apache,
    running_haproxy,
    running_nginx,
    somebody_silent,
)
from tests.live.running import RunningCurfew, csrf_token, eventually, reason_in

pytestmark = pytest.mark.gateways

RECIPES = {"nginx": running_nginx, "haproxy": running_haproxy, "apache": running_apache}
LEAVERS = {"nginx": "Ines Almeida", "haproxy": "Bruno Teixeira", "apache": "Elena Duarte"}
CLOSED = (503, "2")
# Introspection asks SQL, which decides anyhow, where the blacklist is silent; /verdict never waits for that.
WHILE_FROZEN = {"nginx": CLOSED, "haproxy": CLOSED, "apache": (200, None)}
# Apache cannot make another answer of a 401 without Curfew's help: closed, but clients lose their credentials.
WITHOUT_CURFEW = {"nginx": CLOSED, "haproxy": CLOSED, "apache": (401, None)}
REGISTER = (
    "from django.db import transaction\n"
    "from audit.initiators import acting, the_shell\n"
    "from sessions_app.models import EnforcementPoint\n"
    "with acting(the_shell()), transaction.atomic():\n"
    "    EnforcementPoint.objects.create(name='behind-oauth2-proxy', token_header='X-Forwarded-Access-Token')\n"
)


@pytest.fixture(scope="module", params=RECIPES)
def recipe(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def run(recipe: str) -> Run:
    return RECIPES[recipe]


@pytest.fixture(scope="module")
def gateway(curfew: RunningCurfew, run: Run) -> Iterator[RunningGateway]:
    with run(curfew) as running:
        yield running


@pytest.fixture(scope="module")
def ottos(curfew: RunningCurfew) -> str:
    return curfew.token("otto")


@pytest.mark.parametrize("forged", ["X-Auth-Subject", "X_Auth_Subject", "x-auth_subject"])
def test_a_good_token_passes_and_the_application_learns_who_it_is_from_curfew_alone(gateway, ottos, forged):
    answer = gateway.get(ottos, **{forged: "nw-ada"})

    assert (answer.status_code, answer.text) == (200, "hello nw-otto\n")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("authorization", ["", "Bearer not-a-token", "Basic b3R0bzpvdHRv"])
def test_without_a_good_token_the_answer_is_401_and_says_how_to_sign_in(gateway, method, authorization):
    answer = gateway.send(method, Authorization=authorization, **{"X-Auth-Subject": "nw-ada"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "hello" not in answer.text


@pytest.mark.parametrize("authorization", ["", "Bearer not-a-token"])
def test_a_preflight_without_a_good_token_does_not_reach_the_application(gateway, authorization):
    answer = gateway.send(
        "OPTIONS", Authorization=authorization, **{"Access-Control-Request-Method": "DELETE"}
    )

    assert answer.status_code in (401, 403)
    assert "hello" not in answer.text


def test_what_asks_curfew_cannot_be_asked_by_a_client(gateway, ottos):
    answer = gateway.get(ottos, "/_curfew")

    assert answer.headers.get("X-Auth-Subject") is None


def test_the_applications_own_failure_is_not_taken_for_ours(gateway, ottos):
    assert gateway.get(ottos, "/own-failure").status_code == 500


def test_after_the_click_the_persons_token_is_refused_and_nobody_elses(curfew, recipe, gateway, ottos):
    """The token was let through a moment before: had the proxy kept that answer, it would pass again."""
    name = LEAVERS[recipe]
    mine = curfew.token(name.split()[0].lower())
    before = gateway.get(mine).status_code

    with curfew.sign_in("hana") as hana:
        receipt = terminate(hana, name)
    after = gateway.get(mine)

    assert "CF-" in receipt.text
    assert (before, after.status_code) == (200, 401)
    assert 'error_description="user_blocked"' in after.headers["WWW-Authenticate"]
    assert gateway.get(ottos).status_code == 200
    assert httpx.get(curfew.sample, headers={"Authorization": f"Bearer {mine}"}).status_code == 401


def test_while_the_blacklist_is_frozen_the_answer_is_closed_or_from_sql_and_comes_right_without_a_hand(
    curfew, recipe, gateway, ottos
):
    with curfew.frozen_redis():
        began = time.monotonic()
        direct = httpx.get(f"{curfew.address}/verdict", headers={"Authorization": f"Bearer {ottos}"})
        took = time.monotonic() - began
        closed = gateway.get(ottos)

    assert (direct.status_code, reason_in(direct)) == (503, "unknown")
    assert took < 2, "a generous bound; the figure itself is measured by make bench"
    assert (closed.status_code, closed.headers.get("Retry-After")) == WHILE_FROZEN[recipe]
    assert eventually(lambda: gateway.get(ottos).status_code == 200)


def test_without_curfew_it_is_closed(curfew, recipe, run, ottos):
    with run(curfew, asks=nobody()) as gateway:
        answer = gateway.get(ottos)

    assert (answer.status_code, answer.headers.get("Retry-After")) == WITHOUT_CURFEW[recipe]


def test_while_curfew_hangs_it_is_closed_and_says_so_soon(curfew, recipe, run, ottos):
    with somebody_silent() as silent, run(curfew, asks=silent) as gateway:
        began = time.monotonic()
        answer = gateway.get(ottos)
        took = time.monotonic() - began

    assert (answer.status_code, answer.headers.get("Retry-After")) == WITHOUT_CURFEW[recipe]
    assert took < 4


def test_behind_oauth2_proxy_the_token_comes_in_a_header_of_its_own(curfew, ottos):
    curfew.manage("shell", "-c", REGISTER)
    with running_nginx(curfew, point="behind-oauth2-proxy", before=OAUTH2_PROXY) as gateway:
        assert eventually(lambda: gateway.send("GET", Cookie=f"kept_token={ottos}").status_code == 200)
        signed_in = gateway.send("GET", Cookie=f"kept_token={ottos}")
        forged = gateway.send(
            "GET", **{"X-Forwarded-Access-Token": ottos, "Authorization": f"Bearer {ottos}"}
        )

    assert signed_in.text == "hello nw-otto\n"
    assert forged.status_code == 401, "what a client sends by itself is not what the proxy keeps"


def test_a_point_that_is_not_registered_is_closed(curfew, ottos):
    answer = httpx.get(f"{curfew.address}/verdict/nowhere", headers={"Authorization": f"Bearer {ottos}"})

    assert answer.status_code == 404


def terminate(hana: httpx.Client, name: str) -> httpx.Response:
    """Find the person, open the dialog, press the button, as HR does without JavaScript."""
    people = hana.get("/people/", params={"q": name})
    (person,) = set(re.findall(r'href="/people/([0-9a-f-]{36})/"', people.text))
    dialog = hana.get(f"/people/{person}/terminate/")
    hidden = dict(_hidden_fields(dialog.text))
    answer = hana.post(
        f"/people/{person}/terminate/",
        data={**hidden, "reason": "offboarding", "csrfmiddlewaretoken": csrf_token(dialog.text)},
    )
    assert answer.status_code == 200, answer.text
    return answer


def _hidden_fields(page: str) -> list[tuple[str, str]]:
    """What the dialog's own form would send along unseen; other forms stand on the page as well."""
    (form,) = [form for form in page.split("<form")[1:] if "/terminate/" in form.split(">")[0]]
    inputs = re.findall(r"<input[^>]*>", form.split("</form>")[0])
    return [(_attribute(one, "name"), _attribute(one, "value")) for one in inputs if 'type="hidden"' in one]


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]*)"', tag)
    return found[1] if found else ""
