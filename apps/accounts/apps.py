"""The Django app of users, their sessions and staff roles."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from apps.accounts import session_endings
        from apps.accounts.staff import site
        from apps.accounts.staff.roles import keep_rights

        post_migrate.connect(keep_rights)  # after Django's own handler, which creates the permissions of each app
        session_endings.connect()
        site.connect()
