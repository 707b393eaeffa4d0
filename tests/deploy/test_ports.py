"""The ports of a copy."""

import os
import socket
from collections.abc import Iterator

import pytest

from deploy.local.ports import BLOCK, NAMES, Ports, free_block, holder, taken


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_each_server_counts_on_from_the_web_port() -> None:
    ports = Ports(8000)
    assert [ports[name] for name in NAMES] == list(range(8000, 8021))
    assert (ports.web, ports["Kafka"], ports["Valkey"], ports["simulated Helix"]) == (8000, 8001, 8005, 8009)
    assert (ports["web's metrics"], ports["stream job's metrics"]) == (8017, 8020)
    assert (ports["simulated TLS"], ports["producer's metrics"], ports["producer-4's metrics"]) == (8011, 8013, 8016)


def test_the_blocks_of_two_copies_do_not_meet() -> None:
    assert len(NAMES) <= BLOCK


def test_a_port_somebody_listens_on_is_taken(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert taken(port)
    listener.close()
    assert not taken(port)


def test_the_holder_of_a_port_is_named(listener: socket.socket) -> None:
    assert holder(listener.getsockname()[1]).endswith(f"(pid {os.getpid()})")


def test_a_free_block_has_no_listener() -> None:
    web = free_block()
    assert not any(taken(Ports(web)[name]) for name in NAMES)


def test_the_holder_is_found_behind_a_file_that_it_has_just_closed() -> None:
    """The listing of our own files lies among them, under the first free number, and is gone when it is looked at."""
    hole = os.open(os.devnull, os.O_RDONLY)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert hole < listener.fileno()
        os.close(hole)
        assert holder(listener.getsockname()[1]).endswith(f"(pid {os.getpid()})")
