"""Every address of the portal, one module of views per group of pages."""

from django.urls import include, path

from portal.views import health
from portal.views.theme import choose_theme

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("theme/", choose_theme, name="theme"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
]
