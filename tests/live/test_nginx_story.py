"""Terminate now, seen from behind a real nginx: before, after, while unknown, and for everybody else."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from tests.live.running import csrf_token, eventually, reason_in

pytestmark = pytest.mark.nginx


def test_a_good_token_passes_and_the_application_learns_who_it_is(curfew, nginx):
    answer = nginx.get(curfew.token("ivan"), **{"X-Auth-Subject": "nw-ada"})

    assert (answer.status_code, answer.text) == (200, "hello nw-ivan\n")


def test_without_a_good_token_nginx_answers_401_and_says_how_to_sign_in(nginx):
    answer = nginx.get("not-a-token")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_applications_own_failure_is_not_taken_for_ours(curfew, nginx):
    assert nginx.get(curfew.token("ivan"), "/own-failure").status_code == 500


def test_after_the_click_the_persons_token_is_refused_and_nobody_elses(curfew, nginx):
    mine, others = curfew.token("ines"), curfew.token("otto")
    before = nginx.get(mine).status_code

    with curfew.sign_in("hana") as hana:
        receipt = terminate(hana, "Ines Almeida")
    after = nginx.get(mine)

    assert "CF-" in receipt.text
    assert (before, after.status_code) == (200, 401)
    assert 'error_description="user_blocked"' in after.headers["WWW-Authenticate"]
    assert nginx.get(others).status_code == 200
    assert httpx.get(curfew.sample, headers={"Authorization": f"Bearer {mine}"}).status_code == 401


def test_while_the_blacklist_is_frozen_everybody_gets_503_and_is_let_in_again_without_a_hand(curfew, nginx):
    token = curfew.token("otto")

    with curfew.frozen_redis():
        began = time.monotonic()
        direct = httpx.get(f"{curfew.address}/verdict", headers={"Authorization": f"Bearer {token}"})
        took = time.monotonic() - began
        closed = nginx.get(token)

    assert (direct.status_code, reason_in(direct)) == (503, "unknown")
    assert took < 2, "a generous bound; the figure itself is measured by make bench"
    assert (closed.status_code, closed.headers["Retry-After"]) == (503, "2")
    assert eventually(lambda: nginx.get(token).status_code == 200)


def test_a_point_that_is_not_registered_is_closed(curfew):
    answer = httpx.get(
        f"{curfew.address}/verdict/nowhere", headers={"Authorization": f"Bearer {curfew.token('otto')}"}
    )

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
