"""Every address of the portal, one module of views per group of pages."""

from django.urls import include, path, re_path

from portal.views import (
    applications,
    audit_log,
    authorize,
    credentials,
    errors,
    health,
    home,
    issuers,
    me,
    people,
    points,
    revocations,
    roles_settings,
    sessions,
    settings_home,
    terminate,
)
from portal.views.theme import choose_theme
from sessions_app.doors.api.service import api
from sessions_app.doors.oauth import metadata, tokens, userinfo

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("api/v1/", api.urls),
    path("oauth/authorize", authorize.authorize, name="oauth_authorize"),
    path("oauth/token", tokens.token, name="oauth_token"),
    path("oauth/revoke", tokens.revoke, name="oauth_revoke"),
    path("oauth/userinfo", userinfo.userinfo, name="oauth_userinfo"),
    path("oauth/jwks", metadata.jwks, name="oauth_jwks"),
    path(".well-known/oauth-authorization-server", metadata.authorization_server),
    path(".well-known/openid-configuration", metadata.openid_configuration),
    path("", home.home, name="home"),
    path("people/", people.people, name="people"),
    path("people/<uuid:user_id>/", people.person, name="person"),
    path("people/<uuid:user_id>/terminate/", terminate.terminate, name="terminate"),
    path("people/<uuid:user_id>/allow-sign-in/", people.allow_sign_in, name="allow_sign_in"),
    path("people/<uuid:user_id>/sessions/<uuid:session_id>/end/", people.end_session, name="end_session"),
    path("revocations/", revocations.revocations, name="revocations"),
    path("revocations/<str:number>.json", revocations.receipt_json, name="receipt_json"),
    path("revocations/<str:number>/", revocations.receipt, name="receipt"),
    path("revocations/<str:number>/try/", revocations.try_now, name="try_now"),
    path("sessions/", sessions.listing, name="sessions"),
    path("sessions/<uuid:session_id>/", sessions.detail, name="session"),
    path("sessions/<uuid:session_id>/row/", sessions.row, name="session_row"),
    path("sessions/<uuid:session_id>/end/", sessions.end, name="session_end"),
    path("me/", me.me, name="me"),
    path("me/sessions/<uuid:session_id>/end/", me.end_own, name="me_end"),
    path("audit/", audit_log.listing, name="audit"),
    path("audit/<int:entry_id>/", audit_log.detail, name="audit_entry"),
    path("audit/<int:entry_id>/row/", audit_log.row, name="audit_row"),
    path("settings/", settings_home.home, name="settings"),
    path("settings/roles/", roles_settings.listing, name="roles"),
    path("settings/roles/grant/", roles_settings.choose_person, name="role_person"),
    path("settings/roles/grant/<uuid:user_id>/", roles_settings.grant, name="role_grant"),
    path("settings/roles/<uuid:grant_id>/revoke/", roles_settings.revoke, name="role_revoke"),
    path("settings/issuers/", issuers.listing, name="issuers"),
    path("settings/issuers/new/", issuers.create, name="issuer_new"),
    path("settings/issuers/<int:issuer_id>/", issuers.edit, name="issuer_edit"),
    path("settings/issuers/<int:issuer_id>/keys/", issuers.fetch, name="issuer_fetch_keys"),
    path("settings/issuers/explain/", issuers.explain_token, name="explain_token"),
    path("settings/issuers/guard-configuration.json", issuers.configuration, name="guard_configuration"),
    path("settings/unmatched/", issuers.unmatched, name="unmatched"),
    path("settings/applications/", applications.listing, name="applications"),
    path("settings/applications/new/", applications.create, name="application_new"),
    path("settings/applications/<int:application_id>/", applications.edit, name="application_edit"),
    path("settings/enforcement-points/", points.listing, name="enforcement_points"),
    path("settings/enforcement-points/new/", points.create, name="enforcement_point_new"),
    path("settings/enforcement-points/<int:point_id>/", points.edit, name="enforcement_point_edit"),
    path("settings/credentials/", credentials.listing, name="credentials"),
    path("settings/credentials/new/", credentials.create, name="credential_new"),
    path("settings/credentials/<uuid:credential_id>/revoke/", credentials.revoke, name="credential_revoke"),
    path("theme/", choose_theme, name="theme"),
    # People come from a directory and change nothing about themselves here but password and second factor.
    re_path(r"^accounts/(?:signup|email|confirm-email|password/(?:set|reset)|login/code)/", errors.not_found),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
]

handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.refused"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"
