"""The name of channel requests in the admin site. The table stays unchanged."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("curation", "0004_labels")]
    operations = [
        migrations.AlterModelOptions(
            name="curationrequest", options={"ordering": ["-created_at"], "verbose_name": "channel request"}
        ),
    ]
