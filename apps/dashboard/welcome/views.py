"""The steps of a first visit: each an ordinary form, that can be gone back to, skipped and left."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.queries import user_of
from apps.dashboard.models import FirstVisit
from apps.dashboard.welcome import services
from apps.dashboard.welcome.queries import STEPS, open_visit
from apps.dashboard.welcome.suggestions import read_offer
from apps.workspaces.queries import watchlists_of
from apps.workspaces.services import FIRST_NAME
from core.errors import Refused
from core.metrics.bands import BANDS
from core.metrics.table import BOARDS
from twitchly.clock import now_ms

TITLES = ("What you see here", "What interests you?", "Pick some channels", "Your watchlist", "Where things are")
# The name of each step's part of the page.
PARTS = ("boards", "interests", "channels", "list", "places")


@require_safe
@never_cache
@login_required
def resume(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to where the first visit stands; whoever has none is led to the board."""
    visit = open_visit(user_of(request))
    return redirect("welcome-step", visit.step) if visit else redirect("board")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def step(request: HttpRequest, step: int) -> HttpResponse:
    """Show a step, or keep what was chosen in it; `do` is `on`, `skip`, or `find` where channels are picked."""
    visit = open_visit(user_of(request))
    if not 1 <= step <= STEPS:
        raise Http404("There is no such step.")
    if visit is None:
        return redirect("board")
    do, wrong = request.POST.get("do", ""), ""
    if do and do != "skip":
        try:
            KEPT.get(step, _nothing)(request, visit)
        except Refused as error:
            wrong = str(error)
    if do in ("on", "skip") and not wrong:
        return _next(visit, step)
    services.see(visit=visit, step=step)
    return render(request, "welcome/step.html", _context(request, visit, step, wrong), status=400 if wrong else 200)


@require_POST
@login_required
def leave(request: HttpRequest) -> HttpResponseRedirect:
    if visit := open_visit(user_of(request)):
        services.end(visit=visit)
    return redirect("board")


@require_POST
@login_required
def again(request: HttpRequest) -> HttpResponseRedirect:
    services.begin(user=user_of(request))
    return redirect("welcome-step", 1)


def _next(visit: FirstVisit, step: int) -> HttpResponseRedirect:
    """Lead on; after the last step to what was made."""
    if step < STEPS:
        return redirect("welcome-step", step + 1)
    services.end(visit=visit)
    return redirect("watchlist", visit.watchlist_id) if visit.watchlist_id else redirect("board")


def _context(request: HttpRequest, visit: FirstVisit, step: int, wrong: str) -> dict[str, object]:
    text = request.POST.get("q", "").strip()
    return {
        "visit": visit,
        "step": step,
        "steps": list(enumerate(TITLES, 1)),
        "title": TITLES[step - 1],
        "part": f"welcome/_{PARTS[step - 1]}.html",
        "wrong": wrong,
        "text": text,
        "offer": read_offer(visit, text, now_ms()) if PARTS[step - 1] in ("interests", "channels", "list") else None,
        "boards": BOARDS[:4],
        "bands": BANDS,
        "name": request.POST.get("name") or free_name(visit.user),
        "now_ms": now_ms(),
    }


def free_name(owner: User) -> str:
    """Return a name that none of an account's watchlists has."""
    taken = set(watchlists_of(owner).values_list("name", flat=True))
    names = (FIRST_NAME, *(f"{FIRST_NAME} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _keep_interests(request: HttpRequest, visit: FirstVisit) -> None:
    chosen = {name: request.POST.get(name, "") for name in ("language", "category", "band")}
    services.choose(visit=visit, **chosen)


def _keep_picked(request: HttpRequest, visit: FirstVisit) -> None:
    services.pick(visit=visit, channel_ids=request.POST.getlist("channel"))


def _make_list(request: HttpRequest, visit: FirstVisit) -> None:
    if visit.watchlist_id is None:
        watchlist = services.make_watchlist(visit=visit, name=request.POST.get("name", ""))
        messages.success(request, f"“{watchlist.name}” is made.")


def _nothing(_request: HttpRequest, _visit: FirstVisit) -> None:
    pass


KEPT: dict[int, Callable[[HttpRequest, FirstVisit], None]] = {2: _keep_interests, 3: _keep_picked, 4: _make_list}
