"""A bounded run of the fuzzer with made-up seed lines of each kind."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

RUNS = 10_000
SEEDS = (
    b"@badges=;id=1-2;room-id=7;tmi-sent-ts=1795400000123;user-id=42 :a!a@a.tmi.twitch.tv PRIVMSG #a :hi there\r\n",
    rb"@a=x\:y\sz\\w\r\n;b=lone\;c=\q;;=;d :tmi.twitch.tv NOTICE #a :text",
    b"@bits=100;msg-id=raid;msg-param-viewerCount=12 :tmi.twitch.tv USERNOTICE #a\r\nRECONNECT\r\n",
    b"@ban-duration=600;room-id=7 :tmi.twitch.tv CLEARCHAT #a :eve\r\n:tmi.twitch.tv CLEARMSG #a :x\r\n",
    b"@followers-only=10;r9k=1;room-id=7;slow=0 :tmi.twitch.tv ROOMSTATE #a\r\nPING :tmi.twitch.tv\r\n",
    b":justinfan12345!j@j JOIN #a\r\n:justinfan12345!j@j PART #a\r\n:t CAP * NAK :twitch.tv/tags\r\n",
    b"@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #b :suspended\r\n\xff\xfe\x00\r\n@\r\n:\r\n",
)


def test_no_bytes_break_the_parser_or_the_session(tmp_path: Path) -> None:
    for number, seed in enumerate(SEEDS):
        (tmp_path / str(number)).write_bytes(seed)
    # Start the fuzzer from a shell, because Linux counts the memory of the parent process toward the peak of its child.
    between = ["/bin/sh", "-c", '"$@"; exit $?', "sh"]
    command = [
        *between,
        sys.executable,
        "-m",
        "tests.core.irc.fuzz",
        str(tmp_path),
        f"-runs={RUNS}",
        "-max_len=400",
        "-seed=7",
    ]
    done = subprocess.run(
        [*command, f"-artifact_prefix={tmp_path}/", "-rss_limit_mb=512", "-timeout=5"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ran = re.search(r"Done (\d+) (?:runs|in)", done.stderr + done.stdout)
    assert ran is not None, done.stderr
    assert int(ran[1]) >= RUNS
