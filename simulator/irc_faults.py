"""Applies IRC faults to connections, rooms and chat, and removes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulator.faults import Fault
from simulator.flood import Floods
from simulator.irc_client import Connections, IrcClient
from simulator.rooms import Rooms
from simulator.source import Channel

CONNECTION_FAULTS = frozenset({"reconnect", "reset", "half_open", "freeze", "slow", "bad_bytes", "duplicates"})
# If requested for all connections, these also apply to new ones.
NEW_CONNECTION_FAULTS = frozenset({"freeze", "slow", "bad_bytes", "duplicates"})
ROOM_FAULTS = frozenset({"join_refused", "suspended"})


@dataclass(frozen=True, slots=True)
class Affected:
    """The number of connections and the channel ids that a fault affected at its start."""

    connections: int = 0
    channels: Sequence[str] = ()


class IrcFaults:
    """The active IRC faults."""

    def __init__(self, rooms: Rooms, connections: Connections, floods: Floods) -> None:
        self._rooms = rooms
        self._connections = connections
        self._floods = floods
        self._active: dict[str, Fault] = {}
        self._closed: dict[str, frozenset[str]] = {}

    def begin(self, fault: Fault) -> Affected:
        """Apply a fault. Helix faults affect nothing here."""
        self._active[fault.id] = fault
        if fault.kind in CONNECTION_FAULTS:
            return self._begin_on_connections(fault)
        channels = self._rooms.joined_first(fault.channels)
        affected = Affected(len(self._joined_sessions(channels)), [channel.id for channel in channels])
        if fault.kind in ROOM_FAULTS:
            self._close_rooms(fault, channels)
        elif fault.kind == "flood":
            self._floods.begin(fault, channels)
        else:
            return Affected()
        return affected

    def end(self, fault_id: str) -> None:
        """End a fault. Idempotent."""
        fault = self._active.pop(fault_id, None)
        if fault is None:
            return
        self._connections.faults_for_new.pop(fault.id, None)
        for client in list(self._connections.clients):
            client.end(fault)
        self._floods.end(fault)
        self._closed.pop(fault.id, None)
        self._update_rooms()

    def end_all(self) -> None:
        """End every fault."""
        for fault_id in list(self._active):
            self.end(fault_id)

    def _begin_on_connections(self, fault: Fault) -> Affected:
        clients = self._connections.most_joined(fault.connections)
        affected = Affected(len(clients), self._joined_channels(clients))
        if fault.connections == 0 and fault.kind in NEW_CONNECTION_FAULTS:
            self._connections.faults_for_new[fault.id] = fault
        for client in clients:
            client.begin(fault)
        return affected

    def _close_rooms(self, fault: Fault, channels: Iterable[Channel]) -> None:
        self._closed[fault.id] = frozenset(channel.login for channel in channels)
        self._update_rooms()
        for login in self._closed[fault.id]:
            for session in list(self._rooms.sessions(login)):
                session.expel(login, suspended=fault.kind == "suspended")

    def _update_rooms(self) -> None:
        self._rooms.unresponsive = self._closed_by("join_refused")
        self._rooms.suspended = self._closed_by("suspended")

    def _closed_by(self, kind: str) -> frozenset[str]:
        return frozenset().union(*(logins for id_, logins in self._closed.items() if self._active[id_].kind == kind))

    def _joined_channels(self, clients: Iterable[IrcClient]) -> list[str]:
        logins = {login for client in clients for login in client.session.joined}
        return [channel.id for channel in self._rooms.channels.values() if channel.login in logins]

    def _joined_sessions(self, channels: Iterable[Channel]) -> set[object]:
        return {session for channel in channels for session in self._rooms.sessions(channel.login)}
