"""OAuth clients on the page: a secret shown once, an id and a kind that stay, off and on again."""

from __future__ import annotations

import pytest

from audit.events import Events
from audit.models import AuditEntry
from sessions_app.models import Application, OAuthClient, Session, User
from tests.oauth_client import REDIRECT_URI, a_service, an_app
from tests.portal.signed_in import HTMX, browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

LISTING = "/settings/oauth-clients/"
NEW = "/settings/oauth-clients/new/"
WIKI = {
    "client_id": "wiki",
    "name": "Wiki",
    "kind": "secret",
    "redirect_uris": "https://wiki.example/callback\nhttps://wiki.example/other",
    "audiences": "https://wiki.example",
    "allowed_scopes": "",
    "access_token_seconds": "300",
    "chain_seconds": "3600",
}


def page_of(client: OAuthClient, then: str = "") -> str:
    return f"{LISTING}{client.pk}/{then}"


def test_the_secret_is_in_one_answer_and_nowhere_else(ada: User):
    browser = browser_of(ada)

    response = browser.post(NEW, WIKI)

    client, secret = OAuthClient.objects.get(client_id="wiki"), response.context["secret"]
    assert client.is_proved_by(secret)
    assert secret in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    assert secret not in browser.get(LISTING).content.decode()
    assert secret not in browser.get(page_of(client)).content.decode()


def test_a_client_is_what_was_said_of_it(ada: User, wiki: Application):
    browser_of(ada).post(NEW, {**WIKI, "application": str(wiki.pk), "is_trusted": "on"})

    client = OAuthClient.objects.get(client_id="wiki")
    assert client.redirect_uris.split() == ["https://wiki.example/callback", "https://wiki.example/other"]
    assert (client.application, client.audiences) == (wiki, ["https://wiki.example"])
    assert (client.skip_authorization, client.may_introspect, client.chain_seconds) == (True, False, 3600)


def test_a_client_without_a_secret_leads_back_to_the_list(ada: User):
    response = browser_of(ada).post(NEW, {**WIKI, "kind": "public"})

    assert (response.status_code, response.url) == (303, LISTING)
    assert OAuthClient.objects.get().client_secret == ""


def test_a_client_that_acts_for_itself_has_an_account_of_its_own(ada: User):
    browser_of(ada).post(NEW, {**WIKI, "kind": "itself", "redirect_uris": ""})

    assert OAuthClient.objects.get().service_user.username == "client:wiki"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"client_id": "Not an id"}, "An id is 2 to 100 small letters"),
        ({"name": "\u202e"}, "A name has 1 to 200 visible characters"),
        ({"kind": "everything"}, "Select a valid choice"),
        ({"redirect_uris": ""}, "Say where the browser may be sent back to"),
        ({"redirect_uris": "http://wiki.example/callback"}, "Each is a whole https address"),
        ({"redirect_uris": "https://wiki.example/#part"}, "Each is a whole https address"),
        ({"kind": "public", "may_introspect": "on"}, "Only a client with a secret can introspect"),
        ({"access_token_seconds": "86400"}, "Between a minute and an hour"),
        ({"access_token_seconds": ""}, "This field is required"),
        ({"chain_seconds": "9" * 30}, "at most 30 days"),
        ({"application": "999999"}, "Select a valid choice"),
        ({"allowed_scopes": "two words"}, "A scope has visible ASCII characters only"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_kept_is_said_on_the_form_and_nothing_is_made(
    change: dict[str, str], sentence: str, ada: User
):
    response = browser_of(ada).post(NEW, {**WIKI, **change})

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not OAuthClient.objects.exists()


def test_two_clients_cannot_have_one_id(ada: User):
    an_app("wiki")

    response = browser_of(ada).post(NEW, WIKI)

    assert response.status_code == 422
    assert "A client of this id exists" in response.content.decode()


def test_a_client_is_changed_but_its_id_and_kind_and_secret_stay(ada: User):
    app = an_app("dashboard")

    response = browser_of(ada).post(
        page_of(app.client), {**WIKI, "client_id": "other", "kind": "public", "name": "Board"}
    )

    changed = OAuthClient.objects.get()
    assert response.status_code == 303
    assert (changed.client_id, changed.client_type, changed.name) == ("dashboard", "confidential", "Board")
    assert changed.is_proved_by(app.secret)


def test_a_change_that_cannot_be_kept_changes_nothing(ada: User):
    app = an_app()

    response = browser_of(ada).post(page_of(app.client), {**WIKI, "redirect_uris": "javascript:alert(1)"})

    assert response.status_code == 422
    assert OAuthClient.objects.get().redirect_uris == REDIRECT_URI


def test_the_form_shows_what_is_there(ada: User):
    app = an_app("dashboard", audiences=("https://one.example", "https://two.example"))

    page = browser_of(ada).get(page_of(app.client)).content.decode()

    assert "https://one.example\nhttps://two.example" in page
    assert REDIRECT_URI in page
    assert 'name="client_id"' not in page


def test_a_new_secret_takes_the_place_of_the_old_one(ada: User):
    app = an_app()

    question = browser_of(ada).get(page_of(app.client, "secret/")).content.decode()
    before = OAuthClient.objects.get()
    secret = browser_of(ada).post(page_of(app.client, "secret/")).context["secret"]

    after = OAuthClient.objects.get()
    assert "Draw a new secret for Dashboard?" in question
    assert before.is_proved_by(app.secret)
    assert (after.is_proved_by(app.secret), after.is_proved_by(secret)) == (False, True)
    assert AuditEntry.objects.of_events(Events.OAUTH_SECRET_DRAWN.code).get().initiator_id == str(ada.pk)


def test_a_public_client_has_no_secret_to_draw(ada: User):
    public = an_app(is_confidential=False).client
    browser = browser_of(ada)

    assert "secret/" not in browser.get(page_of(public)).content.decode()
    assert browser.post(page_of(public, "secret/")).status_code == 404


def test_a_client_that_is_off_gets_nothing_and_says_so_until_it_is_on_again(ada: User, ines: User):
    app = an_app()
    refresh_token = app.sign_in(ines).refresh_token
    browser = browser_of(ada)

    browser.post(page_of(app.client, "switch/"), {"state": "off"})
    refused = app.refresh(refresh_token)
    listed = browser.get(LISTING).content.decode()
    browser.post(page_of(app.client, "switch/"), {"state": "on"})

    assert (refused.status_code, "Off" in listed) == (401, True)
    assert app.refresh(refresh_token).status_code == 200


def test_what_a_client_holds_for_itself_ends_when_it_is_switched_off(ada: User):
    service = a_service()
    service.post("/oauth/token", {"grant_type": "client_credentials"})
    sessions = Session.objects.of(service.client.service_user)
    assert sessions.open().exists()

    browser_of(ada).post(page_of(service.client, "switch/"), {"state": "off"})

    assert not sessions.open().exists()


def test_switching_off_says_how_many_sessions_go_on(ada: User, ines: User, carlos: User):
    app = an_app()
    app.sign_in(ines)
    app.sign_in(carlos)

    part = browser_of(ada).get(page_of(app.client, "switch/"), headers=HTMX).content.decode()

    assert "<html" not in part
    assert "<dd>2</dd>" in part


@pytest.mark.parametrize("state", ["", "sideways"])
def test_a_switch_that_does_not_say_where_to_switches_nothing(state: str, ada: User):
    client = an_app().client

    response = browser_of(ada).post(page_of(client, "switch/"), {"state": state})

    assert response.status_code == 422
    assert OAuthClient.objects.get().disabled_at is None


def test_what_does_not_exist_is_404(ada: User):
    browser = browser_of(ada)

    assert [browser.get(f"{LISTING}999999/{then}").status_code for then in ("", "secret/", "switch/")] == [
        404,
        404,
        404,
    ]


@pytest.mark.parametrize("name", ["ivan", "sam"])
def test_whoever_may_only_read_sees_the_list_and_no_way_to_change_it(
    name: str, request: pytest.FixtureRequest
):
    client = an_app(name="<b>Bold</b>").client
    browser = browser_of(request.getfixturevalue(name))

    page = browser.get(LISTING).content.decode()
    answers = [
        browser.get(NEW).status_code,
        browser.post(page_of(client), WIKI).status_code,
        browser.post(page_of(client, "secret/")).status_code,
        browser.post(page_of(client, "switch/"), {"state": "off"}).status_code,
    ]

    assert client.client_id in page
    assert "<b>Bold" not in page
    assert (page_of(client) in page, NEW in page) == (False, False)
    assert answers == [403] * 4
