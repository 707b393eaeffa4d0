"""Lets the faults of IRC act on connections, rooms and chat, and ends them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulator.faults import Fault
from simulator.flood import Floods
from simulator.irc_client import Connections, IrcClient
from simulator.rooms import Rooms
from simulator.source import Channel

OF_CONNECTIONS = frozenset({"reconnect", "reset", "half_open", "freeze", "slow", "bad_bytes", "duplicates"})
# Asked for on all connections, these act on the ones that are opened meanwhile as well.
OF_NEWCOMERS = frozenset({"freeze", "slow", "bad_bytes", "duplicates"})
OF_ROOMS = frozenset({"join_refused", "suspended"})


@dataclass(frozen=True, slots=True)
class Touched:
    """What a fault met at its beginning: how many connections, and the ids of the channels concerned."""

    connections: int = 0
    channels: Sequence[str] = ()


class IrcFaults:
    """The faults of IRC that act now."""

    def __init__(self, rooms: Rooms, connections: Connections, floods: Floods) -> None:
        self._rooms = rooms
        self._connections = connections
        self._floods = floods
        self._acting: dict[str, Fault] = {}
        self._closed: dict[str, frozenset[str]] = {}

    def begin(self, fault: Fault) -> Touched:
        """Let a fault act. One of another part of Twitch touches nothing here."""
        self._acting[fault.id] = fault
        if fault.kind in OF_CONNECTIONS:
            return self._begin_on_connections(fault)
        channels = self._rooms.prominent(fault.channels)
        touched = Touched(len(self._listeners(channels)), [channel.id for channel in channels])
        if fault.kind in OF_ROOMS:
            self._close_rooms(fault, channels)
        elif fault.kind == "flood":
            self._floods.begin(fault, channels)
        else:
            return Touched()
        return touched

    def end(self, fault_id: str) -> None:
        """End a fault; a second time changes nothing."""
        fault = self._acting.pop(fault_id, None)
        if fault is None:
            return
        self._connections.for_newcomers.pop(fault.id, None)
        for client in list(self._connections.clients):
            client.end(fault)
        self._floods.end(fault)
        self._closed.pop(fault.id, None)
        self._tell_rooms()

    def end_all(self) -> None:
        """End every fault."""
        for fault_id in list(self._acting):
            self.end(fault_id)

    def _begin_on_connections(self, fault: Fault) -> Touched:
        clients = self._connections.most_joined(fault.connections)
        touched = Touched(len(clients), self._heard(clients))
        if fault.connections == 0 and fault.kind in OF_NEWCOMERS:
            self._connections.for_newcomers[fault.id] = fault
        for client in clients:
            client.begin(fault)
        return touched

    def _close_rooms(self, fault: Fault, channels: Iterable[Channel]) -> None:
        self._closed[fault.id] = frozenset(channel.login for channel in channels)
        self._tell_rooms()
        for login in self._closed[fault.id]:
            for session in list(self._rooms.sessions(login)):
                session.expel(login, suspended=fault.kind == "suspended")

    def _tell_rooms(self) -> None:
        self._rooms.mute = self._closed_by("join_refused")
        self._rooms.suspended = self._closed_by("suspended")

    def _closed_by(self, kind: str) -> frozenset[str]:
        return frozenset().union(*(logins for id_, logins in self._closed.items() if self._acting[id_].kind == kind))

    def _heard(self, clients: Iterable[IrcClient]) -> list[str]:
        logins = {login for client in clients for login in client.session.joined}
        return [channel.id for channel in self._rooms.channels.values() if channel.login in logins]

    def _listeners(self, channels: Iterable[Channel]) -> set[object]:
        return {session for channel in channels for session in self._rooms.sessions(channel.login)}
