"""Staff roles as groups; apps/accounts/staff/roles.py sets their permissions after each migration."""

from django.db import migrations

ROLES = ("curator", "support", "owner")


def create_groups(apps, _schema_editor):
    for name in ROLES:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)


def delete_groups(apps, _schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(create_groups, delete_groups)]
