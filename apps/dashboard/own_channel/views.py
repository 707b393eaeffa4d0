"""My channel: opens the last finished stream of the user's own channel, or asks for the channel."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.accounts.queries import user_of
from apps.accounts.services import choose_channel
from apps.curation.queries import named_channel
from apps.dashboard.channel.streams import read_streams
from apps.dashboard.channel.views import profile_of
from core.errors import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def my_channel(request: HttpRequest) -> HttpResponse:
    """Open the last stream of the user's channel. POST chooses the channel; `change` in the query shows the form."""
    user = user_of(request)
    if request.method == "POST":
        return _choose(request, user)
    channel_id = user.channel_id or _connected_channel(user)
    if not channel_id or "change" in request.GET:
        return render(request, "dashboard/my_channel.html", {"profile": profile_of(channel_id) if channel_id else None})
    streams = read_streams(channel_id)
    if streams and streams.broadcasts:
        return redirect("channel-stream", channel_id, streams.broadcasts[0].started_ms)
    return redirect("channel-streams", channel_id)


def _choose(request: HttpRequest, user: User) -> HttpResponse:
    """Store the named channel; an empty name removes it."""
    name = request.POST.get("channel", "").strip()
    if not name:
        choose_channel(user=user, channel_id="")
        messages.success(request, "Your channel has been removed.")
        return redirect("account")
    try:
        channel = named_channel(name)
    except Refused as error:
        return render(request, "dashboard/my_channel.html", {"name": name, "error": str(error)}, status=400)
    choose_channel(user=user, channel_id=channel.id)
    return redirect("my-channel")


def _connected_channel(user: User) -> str:
    """Return the channel ID of the connected Twitch account, or "" if there is none."""
    account = SocialAccount.objects.filter(user=user, provider="twitch").first()
    return str(account.uid) if account else ""
