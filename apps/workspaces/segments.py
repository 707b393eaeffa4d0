"""Segments: named, saved searches."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db import IntegrityError, transaction
from django.http import QueryDict

from apps.accounts.models import User
from apps.live.search import QUERY_MAX, read_search
from apps.workspaces.models import Segment
from core.errors import NotFound, Refused
from core.inputs.names import RefusedName, clean_name

SEGMENTS_MAX = 50


def save_segment(*, owner: User, name: str, query: str) -> Segment:
    """Save a search without its page number. Raises: Refused."""
    name = clean_name("segment", name)
    if Segment.objects.filter(owner=owner).count() >= SEGMENTS_MAX:
        raise Refused(f"You have {SEGMENTS_MAX} segments. Delete one to save another.")
    # Parse and rebuild the query, so that only search parameters are stored.
    search = read_search(QueryDict(query.removeprefix("?")))
    if search.errors:
        raise Refused(" ".join(search.errors))
    saved = urlencode([pair for pair in search.pairs() if pair[0] != "page"])
    if len(saved) > QUERY_MAX:
        raise Refused("This search is too long to save. Remove a filter.")
    try:
        with transaction.atomic():
            return Segment.objects.create(owner=owner, name=name, query=saved)
    except IntegrityError:
        raise RefusedName(f"You already have a segment called “{name}”. Choose another name.") from None


def delete_segment(*, owner: User, segment_id: int) -> Segment:
    """Delete a segment and return it. Raises: NotFound, also if it belongs to another owner."""
    segment = Segment.objects.filter(owner=owner, pk=segment_id).first()
    if segment is None:
        raise NotFound("You have no such segment.")
    segment.delete()
    return segment
