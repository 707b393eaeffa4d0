"""Vocabulary of the synthetic audience: fictional names, titles, categories and messages."""

from __future__ import annotations

from random import Random

FIRST_WORDS = (
    "amber", "arctic", "atomic", "autumn", "blue", "bold", "brisk", "bronze", "calm", "candy", "cedar", "cheerful",
    "cosmic", "crimson", "curious", "dapper", "dizzy", "dusty", "electric", "ember", "fancy", "fizzy", "foggy",
    "frosty", "gentle", "giddy", "golden", "grumpy", "hasty", "hidden", "humble", "icy", "indigo", "ivory", "jolly",
    "keen", "lazy", "lucky", "lunar", "marble", "mellow", "midnight", "mossy", "nimble", "noble", "olive", "paper",
    "pepper", "pixel", "plucky", "quiet", "rapid", "rusty", "salty", "scarlet", "silent", "silver", "sleepy", "snowy",
    "solar", "spicy", "stormy", "sunny", "swift", "tidal", "tiny", "turbo", "velvet", "violet", "witty", "zesty",
)  # fmt: skip
SECOND_WORDS = (
    "acorn", "anchor", "badger", "banjo", "beacon", "biscuit", "bison", "bramble", "canyon", "cactus", "comet",
    "condor", "cricket", "dolphin", "dragon", "falcon", "ferret", "fiddle", "galleon", "gecko", "goblin", "hammer",
    "harbor", "hedgehog", "heron", "igloo", "jackal", "kettle", "kiwi", "lantern", "lemur", "lynx", "magpie", "mango",
    "meteor", "moose", "muffin", "nebula", "noodle", "octopus", "orchid", "otter", "panther", "parrot", "pebble",
    "penguin", "pickle", "pirate", "puffin", "quokka", "rabbit", "raccoon", "raven", "rocket", "saddle", "salmon",
    "sparrow", "squid", "thistle", "toad", "tortoise", "tundra", "turnip", "urchin", "viking", "waffle", "walrus",
    "wizard", "wombat", "yak", "yeti", "zeppelin",
)  # fmt: skip
NAME_ENDS = ("", "", "", "tv", "live", "plays", "_", "hd", "irl", "gg")
OTHER_SCRIPTS = ("月の猫", "さくら餅", "달빛여우", "푸른고래", "Снежок", "Тихий Лис", "夜の灯台", "바다사자")

CATEGORIES = (
    "Just Chatting", "Hollow Harbour", "Crown of Cinders", "Rocket Rodeo", "Blockholm", "Last Lantern Online",
    "Chess", "Music", "Turnip Tactics", "Nine Lives Royale", "Midnight Freight", "Goal Rush 26", "Art",
    "Star Orchard", "Deep Kingdom III", "Speed Couriers", "Slots of Fortune", "Talk Shows & Podcasts",
)  # fmt: skip
LANGUAGES = ("en",) * 11 + ("es",) * 3 + ("pt",) * 2 + ("de", "fr", "ja", "ko", "ru")
# All of Twitch's language codes; those that are not in ISO 639-1 come first.
ALL_LANGUAGES = (
    "zh-hk", "asl", "other", "zh", "tl", "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "fi", "fr", "hi", "hu",
    "id", "it", "ja", "ko", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sv", "th", "tr", "uk", "vi",
)  # fmt: skip
# Hours ahead of UTC where most of a language's viewers live; 1 for all other languages.
UTC_OFFSETS = {"en": -5, "es": -4, "pt": -3, "ru": 3, "ja": 9, "ko": 9, "zh": 8, "zh-hk": 8, "hi": 5, "th": 7, "vi": 7}
TITLE_STARTS = (
    "road to the top", "chill morning", "first playthrough", "no sleep marathon", "ranked until we win",
    "day 12 of the challenge", "cooking and chatting", "new patch, new us", "viewer games", "finale tonight",
)  # fmt: skip
# Includes joined emoji, a tag-sequence flag, the joiners of Persian and Hindi, and an isolate.
TITLE_ENDS = (
    "| !schedule", "| come say hi", "| drops on", "with friends", "(late, sorry)", "| new setup", "🔥", "",
    "👩\u200d💻", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "می\u200cخواهم", "क्\u200dष",
    "\u2067שלום\u2069",
)  # fmt: skip
TAGS = ("English", "Chill", "Competitive", "FirstPlaythrough", "FamilyFriendly", "Speedrun", "Cozy", "Playful")

EMOTES = {
    "KekToad": "emotesv2_51b1f0a6", "PogLamp": "305954156", "SadDuck": "86", "HypeYak": "emotesv2_0c7a22e9",
    "LulWaffle": "425618", "MonkaOwl": "emotesv2_9b3d77c1", "CozyMoose": "301544927", "GgWizard": "3412",
    "NopeCat": "emotesv2_e41f0b58", "WowOtter": "120232", "BlessBee": "153556", "RageKiwi": "58765",
}  # fmt: skip
REACTIONS = (
    "lol", "lmao", "W", "L", "gg", "nice", "true", "what", "no way", "yes", "nooo", "wow", "so close", "hahaha",
    "rip", "ok", "same", "real", "???", "huge", "clean", "ez", "unlucky", "oh no", "let's go", "first try", "F",
    "bro", "wait what", "that was close", "he knows", "again", "one more", "pls no", "actually good", "well played",
)  # fmt: skip
GREETINGS = (
    "hello everyone", "hi chat", "good morning", "good evening all", "hey hey", "hola gente", "salut tout le monde",
    "moin zusammen", "oi gente", "back from work", "just got here, what did I miss?", "hello from the train",
    "こんばんは", "안녕하세요", "всем привет", "just woke up, hi",
)  # fmt: skip
QUESTIONS = (
    "what rank is this?", "how long is the run?", "which song is this?", "is this the last boss?",
    "when does the event start?", "what keyboard is that?", "did he win already?", "is there a map for this?",
    "how many lives left?", "who is playing next?", "can you turn the music down?", "what was the score?",
)  # fmt: skip
SUBJECTS = ("this boss", "that jump", "the new map", "my cat", "chat", "the other team", "this song", "the timer")
VERBS = ("is", "looks", "was", "feels", "seems", "got")
JUDGMENTS = (
    "so strange today", "way too strong", "better than last week", "completely broken", "kind of beautiful",
    "harder than it looks", "my favourite part", "asleep again", "not even close", "faster than me at breakfast",
)  # fmt: skip
EXTRAS = (
    "and nobody is talking about it", "but I would still try the left door first", "so please drink some water",
    "which reminds me of the old lighthouse level", "and I have been here since the first stream",
    "because the second torch was never lit", "so we should all save before the bridge",
)  # fmt: skip
COPYPASTA = (
    "Dear streamer, my grandmother has watched every minute of this run and she says the third turnip was planted on"
    " purpose. She has forgiven you, but the turnip has not. Please read this aloud before the next loading screen.",
    "I am writing from the bottom of the wishing well. There is a fish here who claims to be your moderator and asks"
    " that we all post one kettle in the chat so that the water may boil and we may leave. KETTLE KETTLE KETTLE",
    "THE LANTERN IS LIT THE MOOSE IS AWAKE THE MOOSE IS AWAKE AND WALKING TOWARDS THE HARBOUR PLEASE MOVE YOUR BOATS",
)
RAID_CALLS = (
    "RAID RAID RAID the ducks have landed", "raiders checking in from the other lighthouse!", "HypeYak HypeYak raid",
    "we came by boat, hello everyone", "the whole village is here", "raid! what are we watching?",
)  # fmt: skip
COMMANDS = ("!uptime", "!schedule", "!socials", "!rank", "!song", "!lurk", "!commands", "!join")
BOT_ANSWERS = (
    "Live since breakfast, with one break for soup.", "The plan is on the panels under the player.",
    "Current rank: better than yesterday.", "Thank you for lurking, see you at the next bridge.",
    "This song is called Nobody Wrote It Down.", "Be kind, drink water, no spoilers past the second gate.",
)  # fmt: skip
ANNOUNCEMENTS = (
    "Viewer games begin in ten minutes, the queue is open.", "New emotes are up, go and try them.",
    "No stream tomorrow: the cat has an appointment.", "The vote for the next game ends at the top of the hour.",
)  # fmt: skip
RESUB_TEXTS = ("", "", "another month, another turnip", "still here", "love this place", "what a year", "HypeYak")
# Hostile input, within Twitch's length limit.
HOSTILE = (
    "<script>alert('chat')</script>", "<img src=x onerror=alert(1)>", "</td></tr><h1>owned</h1>", "&lt;b&gt; &amp;#39;",
    "'; DROP TABLE minute_window; --", "{{7*7}} ${7*7} #{7*7} %s %n {0}", "javascript:alert(document.cookie)",
    '=1+1 "quoted" \\backslash\\ \\s \\: ; tag', "@id=fake;room-id=1 :x!x@x PRIVMSG #x :not a line", ":colon first",
    ":: two colons", " NaN", "null", "\u202eneve ton si siht\u202c after",
    "\u2067right to left \u05e9\u05dc\u05d5\u05dd\u2069",
    "zero\u200bwidth\u200d\u2060\ufeff here", "\u00ad\u00adsoft", "blank \u2800\u2800\u2800 cells", "padded \U000e0000",
    "padded too \u034f", "line\u2028separator\u0085here\x0b\x0c", "wide\u3000space\u00a0and\u2003more",
    "\x02bold\x0f \x1b[31mred\x1b[0m \x7f", "A" * 500, "😂" * 250, "e" + "\u0301\u0323\u0330" * 60,
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 family",
    "٣٤٥ digits ²³ ½", "İstanbul ıssız ß ﬃ", "\ue000 private \ufffd replaced \U0010fffd last",
)  # fmt: skip
COLORS = ("#FF4500", "#1E90FF", "#2E8B57", "#8A2BE2", "#DAA520", "#FF69B4", "#00FF7F", "#5F9EA0", "#B22222", "")


def channel_names(count: int, random: Random) -> list[str]:
    """Return `count` distinct channel names."""
    names: dict[str, str] = {}
    while len(names) < count:
        first, second = random.choice(FIRST_WORDS), random.choice(SECOND_WORDS)
        name = f"{first.capitalize()}{second.capitalize()}{random.choice(NAME_ENDS)}"
        # Tens of thousands of channels need more names than there are pairs of words.
        name += str(random.randrange(100)) if random.random() < 0.3 else ""
        names.setdefault(name.lower(), name)
    return list(names.values())


def title(random: Random) -> str:
    """Return a stream title."""
    return f"{random.choice(TITLE_STARTS)} {random.choice(TITLE_ENDS)}".strip()
