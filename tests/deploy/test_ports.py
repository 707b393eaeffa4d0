"""The ports of an instance."""

import os
import socket
from collections.abc import Iterator

import pytest

from deploy.local.ports import BLOCK_SIZE, NAMES, Ports, free_block, is_taken, port_owner


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_ports_follow_the_web_port() -> None:
    ports = Ports(8000)
    assert [ports[name] for name in NAMES] == list(range(8000, 8021))
    assert (ports.web, ports["Kafka"], ports["Valkey"], ports["simulated Helix"]) == (8000, 8001, 8005, 8009)
    assert (ports["web's metrics"], ports["stream job's metrics"]) == (8017, 8020)
    assert (ports["simulated TLS"], ports["producer's metrics"], ports["producer-4's metrics"]) == (8011, 8013, 8016)


def test_the_ports_of_two_instances_do_not_overlap() -> None:
    assert len(NAMES) <= BLOCK_SIZE


def test_a_port_with_a_listener_is_taken(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert is_taken(port)
    listener.close()
    assert not is_taken(port)


def test_the_process_that_uses_a_port_is_named(listener: socket.socket) -> None:
    assert port_owner(listener.getsockname()[1]).endswith(f"(pid {os.getpid()})")


def test_a_free_block_has_no_listener() -> None:
    web = free_block()
    assert not any(is_taken(Ports(web)[name]) for name in NAMES)


def test_a_file_closed_during_the_search_does_not_end_the_search() -> None:
    """The directory listing itself uses the lowest free descriptor, which is closed before the search reads it."""
    lowest = os.open(os.devnull, os.O_RDONLY)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert lowest < listener.fileno()
        os.close(lowest)
        assert port_owner(listener.getsockname()[1]).endswith(f"(pid {os.getpid()})")
