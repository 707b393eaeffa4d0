"""The Django application of pages, accounts and live sockets."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DashboardConfig(AppConfig):
    name = "apps.dashboard"
    verbose_name = "Dashboard"

    def ready(self) -> None:
        from apps.dashboard.accounts import endings
        from apps.dashboard.staff import site
        from apps.dashboard.staff.roles import keep_rights
        from apps.dashboard.welcome import beginnings

        post_migrate.connect(keep_rights)  # after Django's own, which makes the rights of each application
        endings.connect()
        site.connect()
        beginnings.connect()
