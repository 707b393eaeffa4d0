"""Django app for users, sessions and staff roles."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from apps.accounts import session_endings
        from apps.accounts.staff import site
        from apps.accounts.staff.roles import sync_role_permissions

        post_migrate.connect(sync_role_permissions)  # runs after Django creates the app's permissions
        session_endings.connect()
        site.connect()
