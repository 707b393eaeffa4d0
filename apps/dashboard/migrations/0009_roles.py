"""The roles of staff, as groups; apps/dashboard/staff/roles.py gives them their rights after each migration."""

from django.db import migrations

ROLES = ("curator", "support", "owner")


def make(apps, _schema_editor):
    for name in ROLES:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)


def unmake(apps, _schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0008_request_answers"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "permissions": (("end_sessions", "Can end the sessions of an account"),),
            },
        ),
        migrations.RunPython(make, unmake),
    ]
