"""The user's own channel."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_labels")]
    operations = [
        migrations.AddField(
            model_name="user",
            name="channel_id",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=20, verbose_name="own channel"
            ),
        ),
    ]
