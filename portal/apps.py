"""Django's registration of the app."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        from portal import portal_sessions, sign_in_changes
        from portal.erasing import erase_ours_too
        from portal.presenters.audit_words import name_our_codes

        portal_sessions.connect_signals()
        sign_in_changes.connect_signals()
        name_our_codes()
        erase_ours_too()
