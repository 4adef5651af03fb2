"""Every address of the portal, one module of views per group of pages."""

from django.urls import include, path, re_path

from portal.views import errors, health
from portal.views.theme import choose_theme

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
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
