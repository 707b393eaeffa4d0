"""The Django application of the API for partners."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "apps.partners"
    verbose_name = "Partners"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.dashboard.accounts import data
        from apps.partners.keys.queries import personal_keys

        data.OTHERS["api_keys"] = personal_keys
