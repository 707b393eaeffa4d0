"""The watchlists and segments of the account that a key belongs to, and of no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework.request import Request

from apps.accounts.models import User
from apps.api.description.schema import IF_MATCH, operation
from apps.api.rest import response_schemas
from apps.api.rest.conditions import require_write
from apps.api.rest.paging import page, read_cursor
from apps.api.rest.request_schemas import Paged, WatchlistBody, WatchlistChange
from apps.api.rest.responses import ASK_FIRST, NEVER, Answer, strong_tag
from apps.api.rest.view import ApiView, run_in_db_thread
from apps.api.scopes import Scope
from apps.workspaces import services
from apps.workspaces.models import Segment, Watchlist
from apps.workspaces.queries import channels_of, find_watchlist
from core.errors import NotFound


class WatchlistsView(ApiView):
    scopes = {"get": Scope.READ_BOARDS, "post": Scope.WRITE_WATCHLISTS}

    @operation(
        "list_watchlists",
        "Your watchlists",
        "Lists",
        query=Paged,
        responses=response_schemas.WatchlistList,
        tagged=True,
    )
    async def get(self, _request: Request) -> Answer:
        asked = self.query
        owner_id = self.caller.owner_id
        after = read_cursor(_watchlists_of(owner_id), asked.get("cursor")) or 0
        return Answer(await run_in_db_thread(_watchlists, owner_id, after, asked["limit"]), ASK_FIRST)

    @operation(
        "create_watchlist",
        "Make a watchlist",
        "Lists",
        request=WatchlistBody,
        responses={201: response_schemas.Watchlist},
        tagged=True,
    )
    async def post(self, _request: Request) -> Answer:
        made = await run_in_db_thread(_create, self.caller.owner_id, self.body(WatchlistBody))
        headers = {"Location": f"/api/v1/watchlists/{made['id']}"}
        return Answer(made, NEVER, status=201, headers=headers, tag=strong_tag(made))


class WatchlistView(ApiView):
    scopes = {
        "get": Scope.READ_BOARDS,
        "patch": Scope.WRITE_WATCHLISTS,
        "delete": Scope.WRITE_WATCHLISTS,
    }

    @operation("get_watchlist", "A watchlist of yours", "Lists", responses=response_schemas.Watchlist, tagged=True)
    async def get(self, _request: Request, watchlist_id: int) -> Answer:
        found = await run_in_db_thread(_watchlist, self.caller.owner_id, watchlist_id)
        return Answer(found, ASK_FIRST, tag=strong_tag(found))

    @operation(
        "change_watchlist",
        "Change a watchlist of yours",
        "Lists",
        request=WatchlistChange,
        responses=response_schemas.Watchlist,
        parameters=[IF_MATCH],
        tagged=True,
        description="`channels` takes the place of those that it holds; what is not sent stays.",
    )
    async def patch(self, _request: Request, watchlist_id: int) -> Answer:
        body, headers = self.body(WatchlistChange), self.request.headers
        changed = await run_in_db_thread(_change, self.caller.owner_id, watchlist_id, body, headers)
        return Answer(changed, NEVER, tag=strong_tag(changed))

    @operation("delete_watchlist", "Delete a watchlist of yours", "Lists", responses={204: None}, parameters=[IF_MATCH])
    async def delete(self, _request: Request, watchlist_id: int) -> Answer:
        await run_in_db_thread(_delete, self.caller.owner_id, watchlist_id, self.request.headers)
        return Answer(None, NEVER, status=204)


class SegmentsView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation(
        "list_segments", "Your segments", "Lists", query=Paged, responses=response_schemas.SegmentList, tagged=True
    )
    async def get(self, _request: Request) -> Answer:
        asked = self.query
        owner_id = self.caller.owner_id
        after = read_cursor(_segments_of(owner_id), asked.get("cursor")) or 0
        return Answer(await run_in_db_thread(_segments, owner_id, after, asked["limit"]), ASK_FIRST)


class SegmentView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("get_segment", "A segment of yours", "Lists", responses=response_schemas.Segment, tagged=True)
    async def get(self, _request: Request, segment_id: int) -> Answer:
        return Answer(await run_in_db_thread(_segment, self.caller.owner_id, segment_id), ASK_FIRST)


def _watchlists_of(owner_id: int) -> str:
    return f"watchlists of {owner_id}"


def _segments_of(owner_id: int) -> str:
    return f"segments of {owner_id}"


def _watchlists(owner_id: int, after: int, limit: int) -> dict[str, Any]:
    found = Watchlist.objects.filter(owner_id=owner_id, pk__gt=after).order_by("pk")[: limit + 1]
    return page(list(found), limit, lambda one: one.pk, watchlist_json, _watchlists_of(owner_id))


def _watchlist(owner_id: int, watchlist_id: int) -> dict[str, Any]:
    return watchlist_json(find_watchlist(_owner(owner_id), watchlist_id))


@transaction.atomic
def _create(owner_id: int, body: dict[str, Any]) -> dict[str, Any]:
    made = services.create(owner=_owner(owner_id), name=body["name"])
    services.put(watchlist=made, channel_ids=body.get("channels", []))
    return watchlist_json(made)


@transaction.atomic
def _change(owner_id: int, watchlist_id: int, body: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    found = _find_to_write(owner_id, watchlist_id, headers)
    if "name" in body:
        services.rename(watchlist=found, name=body["name"])
    if "channels" in body:
        services.put(watchlist=found, channel_ids=body["channels"])
    return watchlist_json(found)


@transaction.atomic
def _delete(owner_id: int, watchlist_id: int, headers: Mapping[str, str]) -> None:
    services.delete(watchlist=_find_to_write(owner_id, watchlist_id, headers))


def _find_to_write(owner_id: int, watchlist_id: int, headers: Mapping[str, str]) -> Watchlist:
    """Return a watchlist, locked until the transaction ends. Raises: NotFound, Problem."""
    found = find_watchlist(_owner(owner_id), watchlist_id)
    locked = Watchlist.objects.select_for_update().filter(pk=found.pk).first()
    if locked is None:
        raise NotFound("There is no such watchlist among yours.")
    require_write(headers, strong_tag(watchlist_json(locked)))
    return locked


def _segments(owner_id: int, after: int, limit: int) -> dict[str, Any]:
    found = Segment.objects.filter(owner_id=owner_id, pk__gt=after).order_by("pk")[: limit + 1]
    return page(list(found), limit, lambda one: one.pk, segment_json, _segments_of(owner_id))


def _segment(owner_id: int, segment_id: int) -> dict[str, Any]:
    found = Segment.objects.filter(owner_id=owner_id, pk=segment_id).first()  # defense: key-ownership
    if found is None:
        raise NotFound("There is no such segment among yours.")
    return segment_json(found)


def _owner(owner_id: int) -> User:
    """Raises: NotFound, where the account went while it was asked for."""
    owner = User.objects.filter(pk=owner_id).first()
    if owner is None:
        raise NotFound("The account of this key is gone.")
    return owner


def watchlist_json(watchlist: Watchlist) -> dict[str, Any]:
    return {
        "id": watchlist.pk,
        "name": watchlist.name,
        "created": watchlist.created_at,
        "channels": channels_of(watchlist),
    }


def segment_json(segment: Segment) -> dict[str, Any]:
    return {"id": segment.pk, "name": segment.name, "created": segment.created_at, "query": segment.query}
