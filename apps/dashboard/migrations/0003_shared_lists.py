from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0002_role'),
    ]

    operations = [
        migrations.AddField(
            model_name='sharelink',
            name='note',
            field=models.CharField(blank=True, default='', max_length=300),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name='sharelink',
            name='view',
            field=models.CharField(choices=[('channel', 'channel'), ('compare', 'comparison'), ('list', 'watchlist')], max_length=8),
        ),
    ]
