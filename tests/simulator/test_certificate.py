import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator.certificate import CERTIFICATE, KEY, server_context


def shake_hands(server: ssl.SSLContext, folder: Path, name: str) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=folder / CERTIFICATE)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    client = context.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, other, client, other):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_client_that_trusts_the_certificate_can_connect_on_loopback(tmp_path: Path, name: str) -> None:
    shake_hands(server_context(tmp_path / "tls", datetime.now(UTC)), tmp_path / "tls", name)


def test_other_host_names_are_not_trusted(tmp_path: Path) -> None:
    context = server_context(tmp_path, datetime.now(UTC))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, tmp_path, "twitch.example")


def test_the_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    server_context(tmp_path, datetime.now(UTC))
    assert (tmp_path / KEY).stat().st_mode & 0o077 == 0


def test_a_certificate_is_reused_until_shortly_before_expiry(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    server_context(tmp_path, now)
    original = (tmp_path / CERTIFICATE).read_bytes()
    server_context(tmp_path, now + timedelta(days=300))
    assert (tmp_path / CERTIFICATE).read_bytes() == original
    server_context(tmp_path, now + timedelta(days=340))
    assert (tmp_path / CERTIFICATE).read_bytes() != original


@pytest.mark.parametrize("damaged", [CERTIFICATE, KEY])
def test_a_damaged_file_is_replaced(tmp_path: Path, damaged: str) -> None:
    now = datetime.now(UTC)
    server_context(tmp_path, now)
    (tmp_path / damaged).write_text("not a PEM file")
    shake_hands(server_context(tmp_path, now), tmp_path, "localhost")
