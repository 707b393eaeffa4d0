import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ingest', '0005_decisions'),
    ]

    operations = [
        migrations.CreateModel(
            name='OptOutRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('channel', 'channel'), ('user', 'user')], max_length=8)),
                ('login', models.CharField(max_length=25, validators=[django.core.validators.RegexValidator('^[a-z0-9_]{1,64}\\Z', 'A login is made of small letters, digits and underscores.')])),
                ('contact', models.EmailField(blank=True, max_length=254, verbose_name='e-mail address')),
                ('note', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='asked')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('state', models.CharField(choices=[('open', 'not decided yet'), ('accepted', 'accepted'), ('declined', 'declined')], default='open', max_length=9)),
            ],
            options={
                'verbose_name': 'request to opt out',
                'verbose_name_plural': 'requests to opt out',
                'ordering': ['-created_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('kind', 'login'), name='one_open_opt_out_request')],
            },
        ),
    ]
