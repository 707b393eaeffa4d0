"""Field labels. The tables stay unchanged."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0002_previous_texts")]
    operations = [
        migrations.AlterField(
            model_name="channel",
            name="id",
            field=models.CharField(
                max_length=20,
                primary_key=True,
                serialize=False,
                validators=[
                    django.core.validators.RegexValidator("^[0-9]{1,20}\\Z", "A Twitch ID has up to 20 digits.")
                ],
                verbose_name="Twitch ID",
            ),
        ),
        migrations.AlterField(
            model_name="channel",
            name="viewers_raw",
            field=models.PositiveIntegerField(
                default=0,
                help_text="Pages ignore a drop to 0 or 1 for a single minute.",
                verbose_name="viewers as reported by Helix",
            ),
        ),
        migrations.AlterField(
            model_name="channel",
            name="offline_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="offline since"),
        ),
        migrations.AlterField(
            model_name="channel",
            name="is_wanted",
            field=models.BooleanField(db_index=True, default=False, verbose_name="on the channel list"),
        ),
        migrations.AlterField(
            model_name="formerlogin",
            name="left_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="change detected"),
        ),
    ]
