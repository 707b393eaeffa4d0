from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0001_initial")]
    operations = [
        migrations.AlterField("firstvisit", "category", models.CharField(blank=True, max_length=200)),
    ]
