"""The role that a new account chooses."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="firstvisit",
            name="role",
            field=models.CharField(
                blank=True,
                choices=[("advertiser", "advertiser"), ("creator", "creator")],
                db_default="",
                default="",
                max_length=16,
            ),
        ),
    ]
