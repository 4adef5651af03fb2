"""Every address of the portal, one module of views per group of pages."""

from django.urls import include, path, re_path

from portal.views import errors, health, home, people, revocations, terminate
from portal.views.theme import choose_theme
from sessions_app.doors.api.service import api

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("api/v1/", api.urls),
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
    path("theme/", choose_theme, name="theme"),
    # People come from a directory and change nothing about themselves here but password and second factor.
    re_path(r"^accounts/(signup|email|confirm-email|password/(set|reset)|login/code)/", errors.not_found),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
]

handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.refused"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"
