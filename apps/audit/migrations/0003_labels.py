"""Audit log entry labels. The tables and their triggers stay unchanged."""

from django.db import migrations, models

ACTIONS = [
    ("added", "added"),
    ("changed", "changed"),
    ("deleted", "deleted"),
    ("pinned", "pinned"),
    ("blocked", "blocked"),
    ("left", "tracked by rank"),
    ("ended", "expired"),
    ("accepted", "accepted"),
    ("declined", "declined"),
    ("withdrawn", "withdrawn"),
    ("revoked", "revoked"),
    ("signed_out", "signed out everywhere"),
    ("imported", "imported"),
]


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [
        migrations.AlterModelOptions(
            name="act",
            options={
                "ordering": ["-at", "-pk"],
                "verbose_name": "audit log entry",
                "verbose_name_plural": "audit log entries",
            },
        ),
        migrations.AlterField(
            model_name="act",
            name="act",
            field=models.CharField(choices=ACTIONS, max_length=12, verbose_name="action"),
        ),
        migrations.AlterField(
            model_name="act",
            name="model",
            field=models.CharField(max_length=40, verbose_name="object type"),
        ),
        migrations.AlterField(
            model_name="act",
            name="object_id",
            field=models.CharField(max_length=40, verbose_name="object ID"),
        ),
        migrations.AlterField(
            model_name="act",
            name="label",
            field=models.CharField(max_length=254, verbose_name="object"),
        ),
    ]
