"""The signed versions of a receipt: who may read them, and what stands beside the signed document."""

from __future__ import annotations

from hashlib import sha256

import pytest
from django.db import connection

from audit.canonical import canonical_bytes
from audit.models import ReceiptVersion
from audit.signing import current_fingerprint, grouped
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.changes.suspicion import waive_second_factor
from sessions_app.models import Revocation, Role
from sessions_app.models.reasons import Reason
from sessions_app.models.revocations import ReceiptOwes
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import Order, SomeSessions
from tests.audit_flush import triggers_lifted
from tests.factories import a_grant, a_person, initiator_of, open_session
from tests.portal.signed_in import browser_of, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


@pytest.fixture
def address(hana, ines, wiki) -> str:
    """Of the receipt of Ines, whom Hana terminated: two versions so far."""
    open_session(ines, wiki)
    return terminate(browser_of(hana), ines, ticket="HR-1").headers["Location"]


def test_the_receipt_lists_its_versions_and_the_fingerprint_of_the_key(hana, address):
    page = text_of(browser_of(hana).get(address))

    assert f'href="{address}v/2/"' in page
    assert f'href="{address}v/1/"' in page
    assert grouped(current_fingerprint()) in page


def test_an_older_version_says_what_was_true_then_and_leads_to_now(hana, address):
    page = text_of(browser_of(hana).get(f"{address}v/1/"))

    assert "NOT YET CUT OFF" in page
    assert "Nothing was proved yet." in page
    assert "No outside systems are connected" in page
    assert "not yet sealed" in page
    assert "This is how it stood then." in page
    assert "genuine" in page
    assert "Ines Almeida" in page


def test_the_newest_version_names_what_the_guard_was_asked(hana, address):
    page = text_of(browser_of(hana).get(f"{address}v/2/"))

    assert "Guard asked for session …" in page
    assert "This is how it stood then." not in page


def test_a_name_changes_with_the_person_and_the_signed_document_does_not(hana, ines, address):
    before = browser_of(hana).get(f"{address}v/1.json").json()
    ines.display_name = "Ines Almeida-Costa"
    ines.save()

    after = browser_of(hana).get(f"{address}v/1.json").json()

    assert before["names"] == {str(ines.pk): "Ines Almeida"}
    assert after["names"] == {str(ines.pk): "Ines Almeida-Costa"}
    assert before["signed"] == after["signed"]


def test_the_json_of_the_receipt_holds_the_newest_signed_document(hana, address):
    kept = browser_of(hana).get(address.rstrip("/") + ".json").json()

    assert kept["signed"]["document"]["version"] == 2
    assert kept["versions"] == [1, 2]
    assert sha256(canonical_bytes(kept["signed"]["document"])).hexdigest() == kept["signed"]["sha256"]
    assert "Ines" not in str(kept["signed"])


def test_the_pdf_is_tagged_in_the_readers_language_and_holds_the_signed_document(hana, address):
    answer = browser_of(hana).get(f"{address}v/2.pdf")

    number = address.strip("/").split("/")[-1]
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{number}-v2.pdf"'
    assert answer.content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in answer.content
    assert b"/Lang (en" in answer.content
    assert f"({number}-v2.json)".encode() in answer.content


def test_the_receipt_leads_to_its_newest_version_as_pdf(hana, address):
    assert f'href="{address}v/2.pdf"' in text_of(browser_of(hana).get(address))


def test_a_later_change_of_state_adds_a_version(hana, ivan, ines, address):
    allow_sign_in_again(ines, by=initiator_of(ivan), reason="came back")

    page = text_of(browser_of(hana).get(f"{address}v/3/"))

    assert "Was blocked; allowed again" in page


def test_a_waived_second_factor_adds_a_version_that_says_so(sam, ines):
    address = terminate(browser_of(sam), ines, reason="security_incident").headers["Location"]
    waive_second_factor(ines, by=initiator_of(sam), reason="showed her passport")

    page = text_of(browser_of(sam).get(f"{address}v/3/"))

    assert "Second factor waived" in page
    assert "identified in another way" in page
    assert "passport" not in page


def test_a_document_that_was_changed_in_the_database_is_called_so(hana, address):
    first, second = ReceiptVersion.objects.order_by("number")
    check_what_is_pending()
    with triggers_lifted():
        ReceiptVersion.objects.filter(pk=first.pk).update(document=bytes(second.document))

    page = text_of(browser_of(hana).get(f"{address}v/1/"))

    assert "This document is not what was signed" in page
    assert "not genuine" in page


def check_what_is_pending():
    """On PostgreSQL a table with checks that wait for the commit cannot have its triggers lifted."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE" if connection.vendor == "postgresql" else "SELECT 1")


def test_a_state_that_is_not_signed_yet_is_said_to_be_so(hana, address):
    Revocation.objects.update(receipt_owes=ReceiptOwes.VERSION)

    assert "The present state is not signed yet" in text_of(browser_of(hana).get(address))


@pytest.mark.parametrize("form", ["v/1/", "v/1.json", "v/1.pdf"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("hana", 200), ("ivan", 200), ("sam", 200), ("aude", 200), ("ada", 403), ("paula", 404), ("otto", 403)],
)
def test_a_version_opens_for_whom_the_receipt_does(form, who, status, request, address):
    assert browser_of(request.getfixturevalue(who)).get(address + form).status_code == status


@pytest.mark.parametrize("number", [0, 3, 2**31, 2**63, 10**30])
@pytest.mark.parametrize("form", ["v/{}/", "v/{}.json", "v/{}.pdf"])
def test_a_version_that_does_not_exist_is_not_found(number, form, hana, address):
    assert browser_of(hana).get(address + form.format(number)).status_code == 404


def test_a_document_about_people_out_of_reach_is_not_shown_at_all(sam, ines, carlos):
    """A signed document cannot leave anybody out, so it is withheld whole."""
    theirs = [open_session(ines), open_session(carlos)]
    revocation = revoke(
        Order(
            initiator=initiator_of(sam),
            reason=Reason.USER_REQUEST,
            scope=SomeSessions.of(session.pk for session in theirs),
            received_at=theirs[0].last_used_at,
        )
    )
    auditor = a_person("mina", display_name="Mina Holt")
    a_grant(auditor, Role.AUDITOR, population_kind="country", population_value="PT")
    browser, address = browser_of(auditor), f"/revocations/{revocation.receipt}"

    kept = browser.get(f"{address}.json").json()

    assert (kept["signed"], kept["versions"]) == (None, [])
    assert "do not reach" in kept["signed_not_shown"]
    assert str(carlos.pk) not in str(kept)
    assert browser.get(f"{address}/v/1/").status_code == 404
    assert "Signed versions" not in text_of(browser.get(f"{address}/"))
