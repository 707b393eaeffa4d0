"""Django admin app with the custom site."""

from django.contrib.admin.apps import AdminConfig


class DeskAdminConfig(AdminConfig):
    default_site = "apps.dashboard.desk.site.DeskSite"
