"""The receipt: what was proved, what is still open, and nothing beyond it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from portal.presenters.receipt import Receipt
from portal.presenters.words import moment_words
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.changes.role_changes import Wish, role_changed
from sessions_app.models import AsksHow, Revocation
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneToken, OneUser, Order
from tests.factories import a_group, a_machine, a_token_row, an_application, initiator_of, open_session
from tests.portal.signed_in import HTMX, browser_of, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def ended_by(user, person, **typed):
    """Terminated from the page by this user; the revocation and where its receipt is."""
    answer = terminate(browser_of(user), person, **typed)
    revocation = Revocation.objects.of(person).latest("decided_at")
    return revocation, f"/revocations/{revocation.receipt}/", answer


def receipt_for(reader, address):
    return text_of(browser_of(reader).get(address))


# --- What it says ---------------------------------------------------------------------------------


def test_it_says_what_was_asked_of_the_guard_and_since_when(hana, ines, wiki):
    session = open_session(ines, wiki)
    revocation, address, _answer = ended_by(hana, ines, ticket="HR-2231")

    page = receipt_for(hana, address)

    at = f"{revocation.cut_off_at:%H:%M:%S}.{revocation.cut_off_at.microsecond // 1000:03d}"
    assert "Ines Almeida is cut off" in page
    assert f"since <strong>{at}</strong> UTC, read back through the guard" in page
    assert f"Guard asked for session <code>…{session.sid[-3:]}</code> at {at} UTC: REVOKED." in page
    assert "Offboarding, by Hana Weiss" in page
    assert "Blocked until somebody allows it again" in page
    assert "HR-2231" in page


def test_with_no_outside_systems_the_second_clock_stays_empty(hana, ines):
    _revocation, address, _answer = ended_by(hana, ines)

    page = receipt_for(hana, address)

    assert "No outside systems are connected." in page
    assert "badge--green" in page
    assert page.count("badge--green") == 1


def test_each_application_says_what_can_be_promised_of_it(hana, ines, wiki, payroll):
    until = timezone.now().replace(microsecond=0) + timedelta(minutes=41)
    legacy = an_application("legacy", name="Legacy ERP", asks=AsksHow.NOT_AT_ALL)
    open_session(ines, wiki, payroll)
    open_session(ines, legacy, token_expires_at=until)
    revocation, _address, _answer = ended_by(hana, ines)

    lines = {line.name: line for line in Receipt(revocation, hana).lines}

    assert list(lines) == ["Blacklist", "Wiki", "Payroll", "Legacy ERP"]
    assert (lines["Wiki"].kind, lines["Wiki"].word) == ("at_once", "refuses from now")
    assert (lines["Payroll"].kind, lines["Payroll"].word) == ("at_once", "within 30 s")
    assert (lines["Legacy ERP"].kind, lines["Legacy ERP"].at) == ("cannot_be_cut", moment_words(until))


def test_somebody_without_sessions_is_proved_by_the_cutoff_itself(hana, ines):
    _revocation, address, _answer = ended_by(hana, ines)

    assert "Guard asked for a sign-in of this person from the moment of the cutoff" in receipt_for(
        hana, address
    )


def test_a_foreign_issuer_says_from_which_second_a_new_sign_in_counts(ivan, ines):
    revocation, address, _answer = ended_by(ivan, ines, reason="user_request")

    ((realm, moment),) = Receipt(revocation, ivan).works_again

    allowance, next_second = 5, 1
    first = revocation.targets.get().cutoff_ms // 1000 + allowance + next_second
    assert (realm, moment) == ("Northwind", f"{datetime.fromtimestamp(first, tz=UTC):%H:%M:%S} UTC")
    assert f"New sign-ins at Northwind count from</dt><dd>{moment}" in receipt_for(ivan, address)


def test_a_block_says_nothing_about_new_sign_ins_until_it_is_lifted(hana, ivan, ines):
    revocation, address, _answer = ended_by(hana, ines)
    assert Receipt(revocation, hana).works_again == []

    allow_sign_in_again(ines, by=initiator_of(ivan), reason="came back")

    assert "Was blocked; allowed again" in receipt_for(hana, address)


def test_a_revoked_token_has_a_receipt_of_its_own(ivan, ines, wiki):
    token = a_token_row(open_session(ines, wiki))
    order = Order(
        initiator=initiator_of(ivan),
        reason=Reason.LOST_DEVICE,
        scope=OneToken(token_id=token.pk),
        received_at=timezone.now(),
    )

    page = receipt_for(ivan, f"/revocations/{revoke(order).receipt}/")

    assert "A token of Ines Almeida is cut off" in page
    assert "Guard asked for token" in page


def test_names_come_from_the_rows_and_change_with_them(hana, ines):
    _revocation, address, _answer = ended_by(hana, ines)
    ines.display_name = "Ines Almeida-Costa"
    ines.save()

    assert "Ines Almeida-Costa is cut off" in receipt_for(hana, address)


def test_a_machine_is_named_by_what_it_was_called(ivan, ines):
    order = Order(
        initiator=a_machine("Okta <b>hook</b>"),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=ines.pk),
        received_at=timezone.now(),
    )

    page = receipt_for(ivan, f"/revocations/{revoke(order).receipt}/")

    assert "by Okta &lt;b&gt;hook&lt;/b&gt;" in page
    assert "The API" in page


# --- Who may open it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [("hana", 404), ("ivan", 200), ("sam", 200), ("aude", 200), ("ada", 403), ("paula", 404), ("otto", 403)],
)
@pytest.mark.parametrize("form", ["/", ".json"])
def test_only_roles_that_may_see_it_open_a_receipt_of_somebody_else(form, who, status, request, sam, carlos):
    _revocation, address, _answer = ended_by(sam, carlos)

    response = browser_of(request.getfixturevalue(who)).get(address.rstrip("/") + form)

    assert response.status_code == status


def test_the_note_is_for_the_initiators_role_and_security(hana, ivan, sam, aude, ines):
    _revocation, address, _answer = ended_by(hana, ines, note="<b>left in anger</b>")

    assert "&lt;b&gt;left in anger&lt;/b&gt;" in receipt_for(hana, address)
    assert "left in anger" in receipt_for(sam, address)
    assert "left in anger" not in receipt_for(ivan, address)
    assert "left in anger" not in receipt_for(aude, address)
    assert browser_of(aude).get(address.rstrip("/") + ".json").json()["note"] == ""


@pytest.mark.parametrize("number", ["CF-0000000000", "nonsense", "CF-8F3K2Q7D1", "%00", "CF-" + "A" * 500])
def test_an_unknown_number_is_not_found(number, ivan):
    browser = browser_of(ivan)

    assert browser.get(f"/revocations/{number}/").status_code == 404
    assert browser.get(f"/revocations/{number}.json").status_code == 404


def test_a_number_may_be_spelled_as_people_spell_it(hana, ines):
    revocation, _address, _answer = ended_by(hana, ines)

    assert browser_of(hana).get(f"/revocations/{revocation.receipt.lower()}/").status_code == 200


# --- For keeping ----------------------------------------------------------------------------------


def test_the_name_of_the_kept_file_is_ours_however_the_address_was_spelled(hana, ines):
    address = terminate(browser_of(hana), ines).headers["Location"]
    number = address.strip("/").split("/")[-1]

    kept = browser_of(hana).get(f"/revocations/{number.lower()}%0A.json")

    assert kept.headers["Content-Disposition"] == f'inline; filename="{number}.json"'


def test_the_json_says_the_same(hana, ines, wiki):
    open_session(ines, wiki)
    revocation, address, _answer = ended_by(hana, ines, ticket="HR-1")

    kept = json.loads(browser_of(hana).get(address.rstrip("/") + ".json").content)

    assert (kept["receipt"], kept["state"], kept["ticket"]) == (revocation.receipt, "cut_off", "HR-1")
    assert kept["sessions_ended"] == 1
    assert kept["proof"] == {"asked_for": "session", "ends_in": revocation.proof_tail}
    assert kept["cut_off_at"].endswith("+00:00")
    assert (kept["role_change"], kept["second_factor"]) == (None, None)


def test_the_json_says_what_a_role_change_took_and_that_no_token_was_compared_yet(ivan, ines):
    a_group("finance", ines)
    open_session(ines)
    outcome = role_changed(ines, [], by=initiator_of(ivan), wish=Wish(received_at=timezone.now()))
    receipt = outcome.revocation.receipt

    kept = json.loads(browser_of(ivan).get(f"/revocations/{receipt}.json").content)

    assert kept["role_change"]["lost"] == [{"group": "finance"}]
    assert (kept["role_change"]["state"], kept["role_change"]["compared_at"]) == ("waiting", None)


def test_the_json_says_that_a_second_factor_was_demanded_and_not_proved_yet(sam, ines):
    open_session(ines)
    _revocation, address, _answer = ended_by(sam, ines, reason="security_incident")

    kept = json.loads(browser_of(sam).get(address.rstrip("/") + ".json").content)

    assert kept["second_factor"] == {"proved_at": None, "proved_to": None, "waived_at": None}


def test_a_cut_off_receipt_no_longer_asks_again(hana, ines):
    _revocation, address, _answer = ended_by(hana, ines)

    part = browser_of(hana).get(address, headers=HTMX).content.decode()

    assert part.strip().startswith('<div class="stack" id="receipt"')
    assert "hx-trigger" not in part
    assert "Try now" not in part
