"""Share links to watchlists, and notes for their readers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0002_role")]
    operations = [
        migrations.AddField(
            model_name="sharelink",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AlterField(
            model_name="sharelink",
            name="view",
            field=models.CharField(
                choices=[("channel", "channel"), ("compare", "comparison"), ("list", "watchlist")], max_length=8
            ),
        ),
    ]
