"""Field labels. The tables stay unchanged."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_roles")]
    operations = [
        migrations.AlterField(
            model_name="user",
            name="email",
            field=models.EmailField(max_length=254, unique=True, verbose_name="email address"),
        ),
        migrations.AlterField(
            model_name="user",
            name="times",
            field=models.CharField(
                choices=[("utc", "UTC"), ("local", "local time of this browser")],
                db_default="utc",
                default="utc",
                max_length=5,
                verbose_name="time zone",
            ),
        ),
    ]
