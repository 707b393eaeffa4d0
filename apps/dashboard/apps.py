"""The Django application of pages, accounts and live sockets."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "apps.dashboard"
    verbose_name = "Dashboard"

    def ready(self) -> None:
        from apps.dashboard.accounts import endings
        from apps.dashboard.welcome import beginnings

        endings.connect()
        beginnings.connect()
