"""Field and state labels. The tables stay unchanged."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("curation", "0003_name_requests")]
    operations = [
        migrations.AlterField(
            model_name="optout",
            name="twitch_id",
            field=models.CharField(
                max_length=20,
                validators=[
                    django.core.validators.RegexValidator("^[0-9]{1,20}\\Z", "A Twitch ID has up to 20 digits.")
                ],
                verbose_name="Twitch ID",
            ),
        ),
        migrations.AlterField(
            model_name="optoutrequest",
            name="contact",
            field=models.EmailField(blank=True, max_length=254, verbose_name="email address"),
        ),
        migrations.AlterField(
            model_name="optoutrequest",
            name="state",
            field=models.CharField(
                choices=[("open", "pending"), ("accepted", "accepted"), ("declined", "declined")],
                default="open",
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="bot",
            name="is_counted_out",
            field=models.BooleanField(
                default=True,
                help_text="If unchecked, its messages count like anyone else's.",
                verbose_name="counted separately",
            ),
        ),
        migrations.AlterField(
            model_name="curationrequest",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "pending"),
                    ("accepted", "accepted"),
                    ("declined", "declined"),
                    ("withdrawn", "withdrawn"),
                ],
                db_default="open",
                default="open",
                max_length=9,
            ),
        ),
    ]
