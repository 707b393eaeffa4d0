"""Views for the first visit: each step is a plain form that can be revisited, skipped and left."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.queries import user_of
from apps.dashboard.compare.comparison import CHANNELS_MAX
from apps.dashboard.models import FirstVisit
from apps.dashboard.welcome import services
from apps.dashboard.welcome.queries import STEPS, open_visit
from apps.dashboard.welcome.suggestions import read_suggestions, search_of
from apps.live.services import services_of
from apps.workspaces.queries import watchlists_of
from apps.workspaces.services import FIRST_NAME
from core.errors import Refused
from core.metrics.bands import BANDS
from core.metrics.table import BOARDS
from twitchly.clock import now_ms

TITLES = ("What brings you here?", "What interests you?", "Select channels", "Your watchlist", "Find your way around")
# The template of each step.
PARTS = ("role", "interests", "channels", "list", "places")


@require_safe
@never_cache
@login_required
def resume(request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to the current step, or to the board if no first visit is in progress."""
    visit = open_visit(user_of(request))
    return redirect("welcome-step", visit.step) if visit else redirect("board")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def step(request: HttpRequest, step: int) -> HttpResponse:
    """Render a step or save its form; `do` is `on`, `skip`, or `find` in the channel step."""
    visit = open_visit(user_of(request))
    if not 1 <= step <= STEPS:
        raise Http404("This step does not exist.")
    if visit is None:
        return redirect("board")
    do, error_text = request.POST.get("do", ""), ""
    if do and do != "skip":
        try:
            SAVE_STEP.get(step, _save_nothing)(request, visit)
        except Refused as error:
            error_text = str(error)
    if do in ("on", "skip") and not error_text:
        return _next(visit, step)
    services.record_step(visit=visit, step=step)
    return render(
        request, "welcome/step.html", _context(request, visit, step, error_text), status=400 if error_text else 200
    )


@require_POST
@login_required
def leave(request: HttpRequest) -> HttpResponseRedirect:
    if visit := open_visit(user_of(request)):
        services.end(visit=visit)
    return redirect("board")


@require_POST
@login_required
def restart(request: HttpRequest) -> HttpResponseRedirect:
    services.begin(user=user_of(request))
    return redirect("welcome-step", 1)


def _next(visit: FirstVisit, step: int) -> HttpResponseRedirect:
    """Redirect to the next step or, from the last one, to the page for the role.

    The steps are about finding channels, so creators go from the first step to their own channel. Advertisers go to
    channels that match their interests, others to their new watchlist or the board.
    """
    if visit.role == FirstVisit.Role.CREATOR:
        services.end(visit=visit)
        return redirect("my-channel")
    if step < STEPS:
        return redirect("welcome-step", step + 1)
    services.end(visit=visit)
    if visit.role == FirstVisit.Role.ADVERTISER:
        return HttpResponseRedirect(reverse("discover") + search_of(visit).query())
    return redirect("watchlist", visit.watchlist_id) if visit.watchlist_id else redirect("board")


def _context(request: HttpRequest, visit: FirstVisit, step: int, error_text: str) -> dict[str, object]:
    text = request.POST.get("q", "").strip()
    return {
        "visit": visit,
        "step": step,
        "steps": list(enumerate(TITLES, 1)),
        "title": TITLES[step - 1],
        "part": f"welcome/_{PARTS[step - 1]}.html",
        "error": error_text,
        "text": text,
        "suggestions": read_suggestions(services_of(request), visit, text, now_ms())
        if PARTS[step - 1] in ("interests", "channels", "list")
        else None,
        "boards": BOARDS[:4],
        "bands": BANDS,
        "compared_max": CHANNELS_MAX,
        "name": request.POST.get("name") or free_name(visit.user),
        "now_ms": now_ms(),
    }


def free_name(owner: User) -> str:
    """Return a watchlist name that the account does not use yet."""
    taken = set(watchlists_of(owner).values_list("name", flat=True))
    names = (FIRST_NAME, *(f"{FIRST_NAME} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _save_role(request: HttpRequest, visit: FirstVisit) -> None:
    services.choose_role(visit=visit, role=request.POST.get("role", ""))


def _save_interests(request: HttpRequest, visit: FirstVisit) -> None:
    interests = {name: request.POST.get(name, "") for name in ("language", "category", "band")}
    services.choose(visit=visit, **interests)


def _save_picked(request: HttpRequest, visit: FirstVisit) -> None:
    services.pick(visit=visit, channel_ids=request.POST.getlist("channel"))


def _make_list(request: HttpRequest, visit: FirstVisit) -> None:
    if visit.watchlist_id is None:
        watchlist = services.make_watchlist(visit=visit, name=request.POST.get("name", ""))
        messages.success(request, f"“{watchlist.name}” was created.")


def _save_nothing(_request: HttpRequest, _visit: FirstVisit) -> None:
    pass


SAVE_STEP: dict[int, Callable[[HttpRequest, FirstVisit], None]] = {
    1: _save_role,
    2: _save_interests,
    3: _save_picked,
    4: _make_list,
}
