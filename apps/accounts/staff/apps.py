"""Django admin app with the custom site."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    default_site = "apps.accounts.staff.site.StaffSite"
