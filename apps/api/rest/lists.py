"""Endpoints for watchlists and segments, limited to the key's account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework.request import Request

from apps.accounts.models import User
from apps.api.description.schema import IF_MATCH, operation
from apps.api.rest.conditional_requests import require_write
from apps.api.rest.paging import page, read_cursor
from apps.api.rest.request_schemas import PageQuery, WatchlistBody, WatchlistChange
from apps.api.rest.response_schemas import lists as schemas
from apps.api.rest.responses import NO_STORE, REVALIDATE, ApiResponse, strong_etag
from apps.api.rest.view import ApiView, run_in_db_thread
from apps.api.scopes import Scope
from apps.workspaces import services
from apps.workspaces.models import Segment, Watchlist
from apps.workspaces.queries import find_segment, find_watchlist
from core.errors import NotFound


class WatchlistsView(ApiView):
    scopes = {"get": Scope.READ_BOARDS, "post": Scope.WRITE_WATCHLISTS}

    @operation(
        "list_watchlists",
        "List watchlists",
        "Lists",
        query=PageQuery,
        responses=schemas.WatchlistList,
        etag=True,
    )
    async def get(self, _request: Request) -> ApiResponse:
        after, limit = read_cursor(self.list_id, self.query.get("cursor")) or 0, self.query["limit"]
        document = await run_in_db_thread(_watchlists, self.api_client.owner_id, after, limit, self.list_id)
        return ApiResponse(document, REVALIDATE)

    @operation(
        "create_watchlist",
        "Create a watchlist",
        "Lists",
        request=WatchlistBody,
        responses={201: schemas.Watchlist},
        etag=True,
    )
    async def post(self, _request: Request) -> ApiResponse:
        created = await run_in_db_thread(_create, self.api_client.owner_id, self.body(WatchlistBody))
        headers = {"Location": f"/api/v1/watchlists/{created['id']}"}
        return ApiResponse(created, NO_STORE, status=201, headers=headers, etag=strong_etag(created))


class WatchlistView(ApiView):
    scopes = {
        "get": Scope.READ_BOARDS,
        "patch": Scope.WRITE_WATCHLISTS,
        "delete": Scope.WRITE_WATCHLISTS,
    }

    @operation("get_watchlist", "Get a watchlist", "Lists", responses=schemas.Watchlist, etag=True)
    async def get(self, _request: Request, watchlist_id: int) -> ApiResponse:
        document = await run_in_db_thread(_watchlist, self.api_client.owner_id, watchlist_id)
        return ApiResponse(document, REVALIDATE, etag=strong_etag(document))

    @operation(
        "change_watchlist",
        "Update a watchlist",
        "Lists",
        request=WatchlistChange,
        responses=schemas.Watchlist,
        parameters=[IF_MATCH],
        etag=True,
        description="`channels` replaces all of the list's channels. Omitted fields stay unchanged.",
    )
    async def patch(self, _request: Request, watchlist_id: int) -> ApiResponse:
        body, headers = self.body(WatchlistChange), self.request.headers
        changed = await run_in_db_thread(_change, self.api_client.owner_id, watchlist_id, body, headers)
        return ApiResponse(changed, NO_STORE, etag=strong_etag(changed))

    @operation("delete_watchlist", "Delete a watchlist", "Lists", responses={204: None}, parameters=[IF_MATCH])
    async def delete(self, _request: Request, watchlist_id: int) -> ApiResponse:
        await run_in_db_thread(_delete, self.api_client.owner_id, watchlist_id, self.request.headers)
        return ApiResponse(None, NO_STORE, status=204)


class SegmentsView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation(
        "list_segments",
        "List segments",
        "Lists",
        query=PageQuery,
        responses=schemas.SegmentList,
        etag=True,
    )
    async def get(self, _request: Request) -> ApiResponse:
        after, limit = read_cursor(self.list_id, self.query.get("cursor")) or 0, self.query["limit"]
        document = await run_in_db_thread(_segments, self.api_client.owner_id, after, limit, self.list_id)
        return ApiResponse(document, REVALIDATE)


class SegmentView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("get_segment", "Get a segment", "Lists", responses=schemas.Segment, etag=True)
    async def get(self, _request: Request, segment_id: int) -> ApiResponse:
        return ApiResponse(await run_in_db_thread(_segment, self.api_client.owner_id, segment_id), REVALIDATE)


def _watchlists(owner_id: int, after: int, limit: int, list_id: str) -> dict[str, Any]:
    watchlists = Watchlist.objects.filter(owner_id=owner_id, pk__gt=after).order_by("pk")[: limit + 1]
    watchlists_page = page(list(watchlists), limit, lambda watchlist: watchlist.pk, list_id)
    return schemas.WatchlistList.produce(watchlists_page)


def _watchlist(owner_id: int, watchlist_id: int) -> dict[str, Any]:
    return schemas.Watchlist.produce(find_watchlist(owner_of(owner_id), watchlist_id))


@transaction.atomic
def _create(owner_id: int, body: dict[str, Any]) -> dict[str, Any]:
    watchlist = services.create(owner=owner_of(owner_id), name=body["name"])
    services.put(watchlist=watchlist, channel_ids=body.get("channels", []))
    return schemas.Watchlist.produce(watchlist)


@transaction.atomic
def _change(owner_id: int, watchlist_id: int, body: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    watchlist = _lock_for_write(owner_id, watchlist_id, headers)
    if "name" in body:
        services.rename(watchlist=watchlist, name=body["name"])
    if "channels" in body:
        services.put(watchlist=watchlist, channel_ids=body["channels"])
    return schemas.Watchlist.produce(watchlist)


@transaction.atomic
def _delete(owner_id: int, watchlist_id: int, headers: Mapping[str, str]) -> None:
    services.delete(watchlist=_lock_for_write(owner_id, watchlist_id, headers))


def _lock_for_write(owner_id: int, watchlist_id: int, headers: Mapping[str, str]) -> Watchlist:
    """Lock a watchlist until the transaction ends and check the preconditions. Raises: NotFound, Problem."""
    watchlist = find_watchlist(owner_of(owner_id), watchlist_id)
    locked = Watchlist.objects.select_for_update().filter(pk=watchlist.pk).first()
    if locked is None:
        raise NotFound("You have no such watchlist.")
    require_write(headers, strong_etag(schemas.Watchlist.produce(locked)))
    return locked


def _segments(owner_id: int, after: int, limit: int, list_id: str) -> dict[str, Any]:
    segments = Segment.objects.filter(owner_id=owner_id, pk__gt=after).order_by("pk")[: limit + 1]
    segments_page = page(list(segments), limit, lambda segment: segment.pk, list_id)
    return schemas.SegmentList.produce(segments_page)


def _segment(owner_id: int, segment_id: int) -> dict[str, Any]:
    return schemas.Segment.produce(find_segment(owner_id, segment_id))


def owner_of(owner_id: int) -> User:
    """Return the account. Raises: NotFound, if it was deleted during the request."""
    owner = User.objects.filter(pk=owner_id).first()
    if owner is None:
        raise NotFound("The account of this key was deleted.")
    return owner
