"""Django's registration of the app."""

from django.apps import AppConfig


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Sessions"

    def ready(self) -> None:
        from sessions_app.changes.approved_deeds import register_deeds
        from sessions_app.codes_in_words import name_our_codes
        from sessions_app.models.field_changes import register_models

        register_models()
        name_our_codes()
        register_deeds()
