"""Django app for curation: opt-outs, bots and requests."""

from django.apps import AppConfig


class CurationConfig(AppConfig):
    name = "apps.curation"
    verbose_name = "Curation"

    def ready(self) -> None:
        from apps.curation import checks  # noqa: F401  registers the check
        from apps.curation.personal_data import requested_channels
        from twitchly.personal_data import register

        register("requested_channels", requested_channels)
