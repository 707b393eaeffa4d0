"""The default plan, for accounts without another one."""

from django.db import migrations


def create_default_plan(apps, _schema_editor):
    apps.get_model("api", "Plan").objects.create(name="Standard", is_default=True)


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial")]
    operations = [migrations.RunPython(create_default_plan, migrations.RunPython.noop)]
