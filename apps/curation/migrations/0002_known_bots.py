"""An initial list of service bots that write in many chats; curators add more in the admin."""

from django.db import migrations

KNOWN = {
    "botrixoficial": "chat bot",
    "commanderroot": "watches many channels",
    "creatisbot": "chat bot",
    "fossabot": "chat bot",
    "kofistreambot": "donations",
    "moobot": "chat bot",
    "nightbot": "chat bot",
    "own3d": "chat bot",
    "phantombot": "chat bot",
    "pokemoncommunitygame": "a game in chat",
    "pretzelrocks": "music",
    "remindmebot": "reminders",
    "sery_bot": "keeps spam away",
    "soundalerts": "sound alerts",
    "ssakdook": "chat bot",
    "streamelements": "chat bot",
    "streamlabs": "chat bot",
    "supibot": "chat bot",
    "tangiabot": "crowd control",
    "wizebot": "chat bot",
}


def add(apps, _schema_editor):
    Bot = apps.get_model("curation", "Bot")
    Bot.objects.bulk_create([Bot(login=login, note=note) for login, note in KNOWN.items()], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("curation", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
