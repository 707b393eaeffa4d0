"""The name of erasure counts in the admin site. The table stays the same, and so do its triggers."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_labels")]
    operations = [
        migrations.AlterModelOptions(
            name="deletion", options={"ordering": ["-at", "-pk"], "verbose_name": "erasure count"}
        ),
    ]
