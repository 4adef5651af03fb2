"""Our answers to oauthlib's questions: which client, which grant, and what is kept of a token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.utils.crypto import constant_time_compare
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors

from sessions_app.blacklist.errors import InvalidToken
from sessions_app.blacklist.tokens import take_apart
from sessions_app.models import AuthorizationCode, Consent, OAuthClient, Session, Token, User
from sessions_app.models.moments import database_now
from sessions_app.tokens import families
from sessions_app.tokens.families import Misuse, Refused
from sessions_app.tokens.minting import Minted, mint_access_token, mint_id_token, mint_refresh_token
from sessions_app.tokens.own_issuer import own_issuer
from sessions_app.tokens.parameters import LONGEST_SCOPES
from sessions_app.tokens.scopes import scopes_of

Found = TypeVar("Found")
NO_SECRET = OAuthClient.hash_of("")


class CurfewValidator(OAuth2Validator):
    """Made for one request. What it met is told after the transaction: `session` got a token, `misuse` ends one."""

    def __init__(self, *, person: User | None = None) -> None:
        super().__init__()
        self.person = person
        self.session: Session | None = None
        self.client: OAuthClient | None = None
        self.access: Minted | None = None
        self.misuse: tuple[Session, Misuse] | None = None
        self._code: AuthorizationCode | None = None
        self._refresh: Token | None = None

    # --- Clients ------------------------------------------------------------------------------------

    def _load_application(self, client_id: object, request: Any) -> OAuthClient | None:
        """Only what is in SQL; nothing is fetched from anywhere because of a client id."""
        if not isinstance(client_id, str) or not client_id or len(client_id) > 255 or "\x00" in client_id:
            return None
        if isinstance(request.client, OAuthClient) and request.client.client_id == client_id:
            return request.client
        known = OAuthClient.objects.select_related("application", "service_user")
        client: OAuthClient | None = known.filter(client_id=client_id, disabled_at=None).first()
        request.client = self.client = client
        return client

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        """Constant time, and never true for a client without a secret."""
        return constant_time_compare(
            OAuthClient.hash_of(provided_secret), stored_secret or NO_SECRET
        ) and bool(stored_secret)

    def is_proved(self, request: Any) -> bool:
        """Who calls outside of a grant: a confidential client by its secret, a public one by its id alone."""
        if self.client_authentication_required(request):  # type: ignore[no-untyped-call]  # the library's
            return bool(self.authenticate_client(request))  # type: ignore[no-untyped-call]  # likewise
        return bool(self.authenticate_client_id(request.client_id, request))  # type: ignore[no-untyped-call]  # likewise

    def validate_response_type(
        self, client_id: str, response_type: str, client: OAuthClient, request: Any, *_: Any, **__: Any
    ) -> bool:
        grants: str = client.authorization_grant_type
        return response_type == "code" and grants == OAuthClient.GRANT_AUTHORIZATION_CODE

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        return True

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: OAuthClient, request: Any, *_: Any, **__: Any
    ) -> bool:
        return set(scopes) <= scopes_of(client) and len(" ".join(scopes)) <= LONGEST_SCOPES

    def get_default_scopes(self, client_id: str, request: Any, *_: Any, **__: Any) -> list[str]:
        return []

    # --- Who is at the browser (OpenID Connect Core, prompt=none) -------------------------------------

    def validate_silent_login(self, request: Any) -> bool:
        return self.person is not None

    def validate_silent_authorization(self, request: Any) -> bool:
        if self.person is None or request.client.skip_authorization:
            return self.person is not None
        given = Consent.objects.filter(user=self.person, client=request.client).first()
        return given is not None and set(request.scopes) <= set(given.scopes)

    def validate_user_match(self, id_token_hint: Any, scopes: Any, claims: Any, request: Any) -> bool:
        """Whether a client that says whom it expects gets nobody else (OpenID Connect Core, section 3.1.2.1).

        Nothing is given for a hint, so that it is not verified costs nothing; one that cannot be read names nobody.
        """
        if self.person is None or not id_token_hint:
            return True
        try:
            expected = take_apart(id_token_hint).claims.get("sub")
        except InvalidToken:
            return True
        return expected == str(self.person.pk)

    # --- Codes --------------------------------------------------------------------------------------

    def save_authorization_code(
        self, client_id: str, code: Mapping[str, str], request: Any, *_: Any, **__: Any
    ) -> None:
        """The code's hash, with the session it begins. `request.origin` is the portal session it comes from."""
        try:
            session = families.begin_family(request.user, request.client, own_issuer(), request.origin)
        except Refused as refusal:
            raise errors.AccessDeniedError(request=request) from refusal
        AuthorizationCode.objects.create(
            application=request.client,
            user=request.user,
            code=Token.id_of_opaque(code["code"]),
            expires=database_now() + families.CODE_LIFE,
            redirect_uri=request.redirect_uri,
            scope=" ".join(request.scopes),
            code_challenge=request.code_challenge,
            code_challenge_method=request.code_challenge_method,
            nonce=request.nonce or "",
            session=session,
        )

    def validate_code(
        self, client_id: str, code: str, client: OAuthClient, request: Any, *_: Any, **__: Any
    ) -> bool:
        found = self._refused_as_false(lambda: families.exchange_code(code, client))
        if found is None:
            return False
        self._code = found
        self.session = found.session
        request.scopes = found.scope.split()
        request.user = found.session.user
        request.nonce = found.nonce or None
        return True

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        return self._code.code_challenge if self._code else None

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        return self._code.code_challenge_method if self._code else None

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: OAuthClient, *_: Any, **__: Any
    ) -> bool:
        return self._code is not None and redirect_uri == self._code.redirect_uri

    def get_authorization_code_scopes(
        self, client_id: str, code: str, redirect_uri: str, request: Any
    ) -> list[str]:
        found = AuthorizationCode.objects.filter(code=Token.id_of_opaque(code)).first()
        return found.scope.split() if found else []

    def get_authorization_code_nonce(
        self, client_id: str, code: str, redirect_uri: str, request: Any
    ) -> str | None:
        return (self._code.nonce or None) if self._code else None

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Any, *_: Any, **__: Any
    ) -> None:
        """Done when the access token is minted, because the token's life depends on the session's."""

    # --- Refresh tokens -----------------------------------------------------------------------------

    def validate_refresh_token(
        self, refresh_token: str, client: OAuthClient, request: Any, *_: Any, **__: Any
    ) -> bool:
        found = self._refused_as_false(lambda: families.exchange_refresh_token(refresh_token, client))
        if found is None:
            return False
        self._refresh = found
        self.session = found.session
        request.user = found.session.user
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *_: Any, **__: Any) -> list[str]:
        return self._refresh.scope.split() if self._refresh else []

    def rotate_refresh_token(self, request: Any) -> bool:
        return True

    def refresh_id_token(self, request: Any) -> bool:
        return True

    # --- Minting ------------------------------------------------------------------------------------

    def draw_access_token(self, request: Any) -> str:
        """What oauthlib calls first: settle the grant, then mint."""
        if self._code is not None:
            families.settle(self._code)
        if self._refresh is not None:
            families.consume(self._refresh)
        session = self._session_for(request)
        self.access = mint_access_token(session, request.client, request.scopes or [])
        return self.access.token

    def draw_refresh_token(self, request: Any) -> str:
        assert self.session is not None
        scopes = self.get_original_scopes("", request) if self._refresh else request.scopes
        return mint_refresh_token(self.session, request.client, scopes or [])

    def expires_in(self, request: Any) -> int:
        return int(request.client.access_token_seconds)

    def _session_for(self, request: Any) -> Session:
        if self.session is not None:
            return self.session
        try:
            begun = families.begin_service_session(request.client, own_issuer())
        except Refused as refusal:
            raise errors.UnauthorizedClientError(request=request) from refusal
        self.session = families.lock_family(begun.pk)
        if families.is_over(self.session):
            raise errors.InvalidGrantError(request=request)
        return self.session

    def save_bearer_token(self, token: dict[str, Any], request: Any, *_: Any, **__: Any) -> None:
        """Each token's row was written when it was minted. One that ends with its session says so."""
        if self.access is not None:
            token["expires_in"] = self.access.claims["exp"] - self.access.claims["iat"]

    def finalize_id_token(
        self, id_token: dict[str, Any], token: Any, token_handler: Any, request: Any
    ) -> str:
        assert self.session is not None
        asked: dict[str, Any] = {name: id_token[name] for name in ("nonce", "at_hash") if name in id_token}
        if request.nonce and "nonce" not in asked:
            asked["nonce"] = request.nonce
        return mint_id_token(self.session, request.client, asked)

    def _refused_as_false(self, find: Callable[[], Found]) -> Found | None:
        try:
            return find()
        except Refused as refusal:
            if refusal.session is not None and refusal.misuse is not None:
                self.misuse = (refusal.session, refusal.misuse)
            return None
