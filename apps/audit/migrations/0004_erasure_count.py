"""The name of erasure counts in the admin site. The table and its triggers stay unchanged."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_labels")]
    operations = [
        migrations.AlterModelOptions(
            name="deletion", options={"ordering": ["-at", "-pk"], "verbose_name": "erasure count"}
        ),
    ]
