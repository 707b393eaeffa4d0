"""Django app for the pages."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "apps.dashboard"
    verbose_name = "Dashboard"

    def ready(self) -> None:
        from apps.dashboard import personal_data
        from apps.dashboard.welcome import signals
        from twitchly.personal_data import register

        signals.connect()
        register("share_links", personal_data.share_links)
        register("first_visit", personal_data.first_visit)
