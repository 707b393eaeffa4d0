"""Django app for the partner API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "apps.api"
    verbose_name = "API"

    def ready(self) -> None:
        from apps.api.keys.queries import personal_keys
        from twitchly.personal_data import register

        register("api_keys", personal_keys)
