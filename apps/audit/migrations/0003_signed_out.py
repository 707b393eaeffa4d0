from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_growing'),
    ]

    operations = [
        migrations.AlterField(
            model_name='act',
            name='act',
            field=models.CharField(choices=[('added', 'added'), ('changed', 'changed'), ('deleted', 'deleted'), ('pinned', 'pinned'), ('blocked', 'blocked'), ('left', 'left to its rank'), ('ended', 'ended by itself'), ('accepted', 'accepted'), ('declined', 'declined'), ('withdrawn', 'withdrawn'), ('revoked', 'revoked'), ('signed_out', 'signed out everywhere')], max_length=12),
        ),
    ]
