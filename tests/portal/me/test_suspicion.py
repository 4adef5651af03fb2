"""A hijacked account from the person's side: signed out everywhere, not locked out, back with a second factor."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from audit.initiators import Initiator, the_shell
from portal.proofs import has_second_factor
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.errors import NothingDemanded
from sessions_app.changes.suspicion import (
    Suspicion,
    allow_enrolment,
    is_second_factor_demanded,
    person_suspected,
    waive_second_factor,
)
from sessions_app.models import Issuer, Revocation, User
from sessions_app.models.issuers import StartedFrom
from sessions_app.models.reasons import Reason
from sessions_app.revocation.errors import ActingOnOneself, PrivilegedPerson, ReasonNotAllowed
from tests.factories import (
    PASSWORD,
    a_machine,
    initiator_of,
    open_session,
    token_for,
    verdict_on,
    with_password,
)
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]

SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _demo(settings: Settings, issuer: Issuer) -> None:
    settings.DEMO = True
    Issuer.objects.update(second_factor_claim="amr", second_factor_values=["otp"], clock_allowance_seconds=0)


def suspected(user: User, *, by: Initiator | None = None) -> Revocation:
    initiator = by or a_machine("CrowdStrike")
    suspicion = Suspicion(reason=Reason.SECURITY_INCIDENT, received_at=timezone.now())
    return person_suspected(user, suspicion, by=initiator)


def with_totp(user: User, *, days_ago: int = 30) -> User:
    TOTP.activate(with_password(user), SECRET)
    Authenticator.objects.update(created_at=timezone.now() - timedelta(days=days_ago))
    return user


def code() -> str:
    """What the person's app shows now."""
    return str(format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time())))))


def sign_in(user: User) -> Client:
    """With the password, up to whatever is asked next."""
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    return client


def next_second() -> None:
    time.sleep(1.01 - time.time() % 1)


def test_a_machine_may_suspect_and_the_account_stays(ines: User):
    token = token_for(ines, open_session(ines))

    suspected(ines)

    ines.refresh_from_db()
    assert verdict_on(token).outcome is Outcome.REVOKED
    assert ines.is_active
    assert is_second_factor_demanded(ines)


def test_until_a_second_factor_is_proved_every_new_token_without_one_is_refused(ines: User):
    suspected(ines)
    next_second()

    assert verdict_on(token_for(ines, amr=["pwd"])).cause == "step_up"
    assert verdict_on(token_for(ines, amr=["pwd", "otp"])).outcome is Outcome.ALLOWED


def test_signing_in_here_with_the_second_factor_ends_the_demand_and_is_stamped(ines: User):
    revocation = suspected(with_totp(ines))
    browser = sign_in(ines)
    browser.post("/accounts/2fa/authenticate/", {"code": code()})

    revocation.refresh_from_db()
    assert revocation.second_factor_proved_at is not None
    assert revocation.second_factor_proved_to.iss == "urn:curfew:portal:test"
    assert not is_second_factor_demanded(ines)


def test_a_second_factor_set_up_shortly_before_the_suspicion_proves_nothing(ines: User):
    suspected(with_totp(ines, days_ago=3))
    browser = sign_in(ines)
    browser.post("/accounts/2fa/authenticate/", {"code": code()})

    page = browser.get("/step-up/")

    assert browser.get("/me/")["Location"] == "/step-up/?next=%2Fme%2F"
    assert is_second_factor_demanded(ines)
    assert "Your second factor does not count" in text_of(page)
    assert "Use my second factor" not in text_of(page)


def test_security_reads_that_a_fresh_second_factor_does_not_count(sam: User, ines: User):
    suspected(with_totp(ines, days_ago=3))

    page = text_of(browser_of(sam).get(f"/people/{ines.pk}/"))

    assert "What was set up as a second factor in the week before does not count." in page


def test_one_set_up_after_somebody_made_sure_who_it_is_counts(ivan: User, ines: User):
    revocation = suspected(with_totp(ines, days_ago=3))
    allow_enrolment(ines, by=initiator_of(ivan), reason="seen in person, badge shown")
    Authenticator.objects.all().delete()
    TOTP.activate(ines, SECRET)
    next_second()
    browser = sign_in(ines)
    browser.post("/accounts/2fa/authenticate/", {"code": code()})

    revocation.refresh_from_db()
    assert revocation.second_factor_proved_at is not None


def test_whoever_was_identified_otherwise_keeps_the_second_factor_they_have(sam: User, ines: User):
    suspected(with_totp(ines, days_ago=3))
    waive_second_factor(ines, by=initiator_of(sam), reason="seen in person, badge shown")

    assert has_second_factor(ines)


def test_a_password_alone_opens_nothing_but_the_way_to_prove_more(ines: User):
    suspected(with_password(ines))
    browser = sign_in(ines)

    home, enrol = browser.get("/me/"), browser.get("/accounts/2fa/totp/activate/")
    page = browser.get("/step-up/")

    assert home["Location"] == "/step-up/?next=%2Fme%2F"
    assert enrol["Location"].startswith("/step-up/")
    assert page.status_code == 403
    assert "You have no second factor yet" in text_of(page)
    assert "There were signs that somebody else used your account" in text_of(page)


def test_a_fragment_takes_the_whole_page_to_the_proof(ines: User):
    suspected(with_password(ines))

    answer = sign_in(ines).get("/me/", headers={"HX-Request": "true"})

    assert answer["HX-Redirect"].startswith("/step-up/")


def test_whoever_made_sure_who_it_is_can_open_the_setting_up_for_an_hour(ivan: User, ines: User):
    suspected(with_password(ines))

    allow_enrolment(ines, by=initiator_of(ivan), reason="video call with her manager")

    browser = sign_in(ines)
    assert "Set up a second factor" in text_of(browser.get("/step-up/"))
    assert browser.get("/me/").status_code == 302
    assert not browser.get("/accounts/2fa/totp/activate/")["Location"].startswith("/step-up/")


def test_being_identified_in_another_way_ends_the_demand(sam: User, ines: User):
    suspected(ines)
    next_second()

    waive_second_factor(ines, by=initiator_of(sam), reason="came to the desk with her passport")

    assert verdict_on(token_for(ines, amr=["pwd"])).outcome is Outcome.ALLOWED


def test_the_receipt_says_that_the_proof_was_waived(sam: User, ines: User):
    revocation = suspected(ines)

    waive_second_factor(ines, by=initiator_of(sam), reason="came to the desk with her passport")

    page = text_of(browser_of(sam).get(f"/revocations/{revocation.receipt}/"))
    assert "identified in another way" in page
    assert "Demanded, not proved yet" not in page


@pytest.mark.parametrize("change", [allow_enrolment, waive_second_factor])
def test_nobody_helps_themselves_and_nobody_without_need(change: object, sam: User, ines: User):
    with pytest.raises(NothingDemanded):
        change(ines, by=initiator_of(sam), reason="to be safe")  # type: ignore[operator]  # one of the two
    suspected(ines)
    with pytest.raises(ActingOnOneself):
        change(ines, by=initiator_of(ines), reason="it is me")  # type: ignore[operator]  # likewise


@pytest.mark.parametrize("change", [allow_enrolment, waive_second_factor])
def test_only_security_lets_somebody_privileged_in_without_their_second_factor(
    change: object, ivan: User, sam: User, ada: User
):
    suspected(ada, by=the_shell())

    with pytest.raises(PrivilegedPerson):
        change(ada, by=initiator_of(ivan), reason="she called me")  # type: ignore[operator]  # one of the two
    still_demanded = is_second_factor_demanded(ada)
    change(ada, by=initiator_of(sam), reason="came to the desk with her passport")  # type: ignore[operator]  # likewise

    assert still_demanded


def test_nobody_is_offered_to_help_whom_they_may_not(ivan: User, sam: User, ada: User):
    suspected(ada, by=the_shell())
    browser, form = browser_of(ivan), {"how": "waive", "reason": "she called me"}

    assert "Help with second factor" not in text_of(browser.get(f"/people/{ada.pk}/"))
    assert browser.post(f"/people/{ada.pk}/second-factor/", form).status_code == 403
    assert is_second_factor_demanded(ada)


def test_whoever_waives_it_has_just_proved_who_they_are_and_comes_back_to_the_filled_form(
    sam: User, ines: User
):
    suspected(ines)
    address, form = (
        f"/people/{ines.pk}/second-factor/",
        {"how": "waive", "reason": "came with her passport"},
    )
    browser = browser_of(with_password(sam), minutes_ago=11)

    asked = browser.post(address, form)
    proved = browser.post(asked["Location"], {"password": PASSWORD})
    back = text_of(browser.get(proved["Location"]))
    is_open_until_sent_again = is_second_factor_demanded(ines)
    sent = browser.post(address, form)

    assert proved["Location"] == address
    assert "came with her passport" in back
    assert "checked" in back
    assert is_open_until_sent_again
    assert sent["Location"] == f"/people/{ines.pk}/"
    assert not is_second_factor_demanded(ines)


# --- Being told -----------------------------------------------------------------------------------


def test_the_person_is_told_once_at_the_next_sign_in(ines: User):
    revocation = suspected(with_totp(ines))
    browser = sign_in(ines)
    browser.post("/accounts/2fa/authenticate/", {"code": code()})

    led = browser.get("/me/")
    page = browser.get(led["Location"])
    went_on = browser.post("/explanation/", {"next": "/me/"})

    revocation.refresh_from_db()
    assert led["Location"] == "/explanation/?next=%2Fme%2F"
    assert "All your sessions were ended" in text_of(page)
    assert went_on["Location"] == "/me/"
    assert revocation.told_at is not None
    assert browser.get("/me/").status_code == 200
    assert sign_in_is_quiet(ines)


def sign_in_is_quiet(user: User) -> bool:
    browser = sign_in(user)
    answer: HttpResponse = browser.get("/me/")
    return "/explanation/" not in answer.get("Location", "")


def test_the_way_on_never_leaves_the_site(ines: User):
    suspected(with_totp(ines))
    browser = sign_in(ines)
    browser.post("/accounts/2fa/authenticate/", {"code": code()})

    assert browser.post("/explanation/", {"next": "https://evil.example/"})["Location"] == "/"


def test_where_a_refresh_may_hand_on_an_old_proof_nothing_is_proved_and_the_pages_say_so(ivan, ines: User):
    Issuer.objects.update(started_from=StartedFrom.IAT, name="Weak sign-in")
    revocation = suspected(ines)
    next_second()

    refreshed = token_for(ines, amr=["pwd", "otp"])
    person = text_of(browser_of(ivan).get(f"/people/{ines.pk}/"))
    receipt = text_of(browser_of(ivan).get(f"/revocations/{revocation.receipt}/"))

    assert verdict_on(refreshed).cause == "step_up"
    assert "At Weak sign-in this cannot be checked: its tokens prove no second factor" in person
    assert "At Weak sign-in this cannot be checked: its tokens prove no second factor" in receipt


# --- "This was not me" ----------------------------------------------------------------------------


def test_this_was_not_me_ends_everything_and_asks_for_the_second_factor(ines: User):
    elsewhere = token_for(ines, open_session(ines))
    browser = sign_in(with_password(ines))

    answer = browser.post("/me/not-me/")

    revocation = Revocation.objects.get()
    assert answer["Location"] == "/accounts/login/"
    assert verdict_on(elsewhere).outcome is Outcome.REVOKED
    assert (revocation.reason, revocation.initiator_user, revocation.second_factor_next) == (
        "lost_device",
        ines,
        True,
    )
    assert browser.get("/me/")["Location"].startswith("/accounts/login/")


def test_this_was_not_me_is_a_post_of_somebody_signed_in(ines: User):
    assert sign_in(with_password(ines)).get("/me/not-me/").status_code == 405
    assert Client().post("/me/not-me/")["Location"].startswith("/accounts/login/")


def test_nobody_suspects_themselves_for_a_reason_that_is_not_theirs(otto: User, sam: User):
    with pytest.raises(ActingOnOneself):
        suspected(sam, by=initiator_of(sam))
    with pytest.raises(ReasonNotAllowed):
        suspected(sam, by=initiator_of(otto))
