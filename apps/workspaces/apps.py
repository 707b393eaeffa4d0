"""Django app for watchlists, saved searches and notes."""

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "apps.workspaces"
    verbose_name = "Workspaces"

    def ready(self) -> None:
        from apps.workspaces import personal_data
        from twitchly.personal_data import register

        register("watchlists", personal_data.watchlists)
        register("segments", personal_data.segments)
        register("notes", personal_data.notes)
