"""`python -m bench.browser`: what a person waits for, measured in a real browser on a whole running copy.

The board page from outside and in Chromium with a cold cache: first byte, bytes, first paint, shifts of its layout
while it is live. Then the chart of a day and of 90 days, from the click to the frame in which it is drawn.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from bench.command import exit_code, instance, options
from bench.machine import keep, table
from bench.past import past_of_a_channel
from core.times import DAY_MS, MINUTE_MS
from deploy.local.browser import find_browser
from drills.stack import Stack, wait_until

AIMS = {
    "first byte, median ms": 50.0,
    "whole page without pictures, KB": 150.0,
    "layout shift": 0.0,
    "chart of 24 h, median ms": 400.0,
    "chart of 90 d, median ms": 600.0,
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The number of repetitions, the time to watch the board, and the length of the history of a channel."""

    asked: int = 50
    opened: int = 5
    charted: int = 7
    live_s: int = 60
    near_ms: int = DAY_MS
    far_ms: int = 90 * DAY_MS
    # Of 8,640 and 2,160: the newest windows may be on their way.
    near_points: int = 8_600
    far_points: int = 2_150


SMOKE = Sizes(2, 1, 1, 1, 30 * MINUTE_MS, DAY_MS, 170, 20)
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

# Sums of what moved without anybody's doing, and how long the main thread was busy at once.
OBSERVE = """
window.seen = { shift: 0, busyMs: 0, paintMs: 0 };
const watch = (type, take) =>
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.shift += entry.value; });
watch("longtask", (entry) => { seen.busyMs += Math.max(0, entry.duration - 50); });
watch("largest-contentful-paint", (entry) => { seen.paintMs = entry.startTime; });
"""
# From the click to two frames after the chart says that it has so many points: the first may be under way.
CHART = """
([range, least]) => new Promise((resolve) => {
  const chart = document.querySelector("#chart");
  const frame = () => new Promise(requestAnimationFrame);
  const began = performance.now();
  const drawn = async () => {
    if (Number(chart.dataset.points) < least) return;
    watching.disconnect();
    await frame();
    await frame();
    resolve(performance.now() - began);
  };
  const watching = new MutationObserver(drawn);
  watching.observe(chart, { attributes: true, attributeFilter: ["data-points"] });
  document.querySelector(`#ranges [data-range="${range}"]`).click();
})
"""


def main() -> int:
    """Print the figures; a page that does not come or a chart that is not drawn is an error."""
    given = options(__doc__).parse_args()
    sizes = SMOKE if given.smoke else Sizes()
    with instance(given.on, start) as stack:
        channel_id = past_of_a_channel(stack, sizes.near_ms, sizes.far_ms)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=find_browser(), args=ARGS)
            figures = measured(chromium, stack, channel_id, sizes)
            chromium.close()
    rows = [[name, value, AIMS.get(name, "")] for name, value in figures.items()]
    print(table([["board page and charts", "figure", "aim"], *rows]))
    if given.smoke:
        return 0
    keep("browser", {"figures": figures, "aims": AIMS})
    return exit_code(
        [], [f"{name} {figures[name]}: expected {aim}" for name, aim in AIMS.items() if figures[name] > aim]
    )


def start(stack: Stack) -> None:
    """Start everything with 500 channels."""
    stack.start("--channels", "500", "--rate", "1000", "--seed", "3")


def measured(chromium: Browser, stack: Stack, channel_id: str, sizes: Sizes) -> dict[str, Any]:
    """Sign in once, and measure all."""
    state = signed_in(chromium, stack)
    wait_until(lambda: points(stack, state, channel_id, "24h") > sizes.near_points, 300, "the day to be stored", 0.5)
    wait_until(lambda: points(stack, state, channel_id, "90d") > sizes.far_points, 300, "the hours to be stored", 0.5)
    return {
        **first_bytes(stack, state, sizes.asked),
        **page_loads(chromium, stack, state, sizes.opened),
        **live_page(chromium, stack, state, sizes.live_s),
        **charts(chromium, stack, state, channel_id, sizes),
    }


def signed_in(chromium: Browser, stack: Stack) -> Any:
    """Sign in as a person does, and return what the browser keeps of it."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{stack.url}/account/login/?next=/")
    page.get_by_label("Email").fill("demo@twitchly.example")
    page.get_by_label("Password").fill((stack.var / "demo-password").read_text().strip())
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.wait_for_selector("#list li[data-id]")
    state = context.storage_state()
    context.close()
    return state


def points(stack: Stack, state: Any, channel_id: str, shown: str) -> int:
    """Return how many points the history of the channel has by now."""
    with asking(stack, state) as client:
        answer = client.get(f"/channels/{channel_id}/series", params={"range": shown})
    return len(answer.json()["end_ms"]) if answer.status_code == 200 else 0


def asking(stack: Stack, state: Any) -> httpx.Client:
    """Return a client with the cookies of the browser."""
    cookies = {cookie["name"]: cookie["value"] for cookie in state["cookies"]}
    return httpx.Client(base_url=stack.url, cookies=cookies, headers={"Accept-Encoding": "gzip"}, timeout=30)


def first_bytes(stack: Stack, state: Any, asked: int) -> dict[str, Any]:
    """Ask for the board again and again on a connection that stands, until its first byte."""
    took_ms = []
    with asking(stack, state) as client:
        for _ in range(asked):
            began = time.perf_counter()
            with client.stream("GET", "/") as answer:
                parts = answer.iter_raw()
                next(parts)
                took_ms.append((time.perf_counter() - began) * 1000)
                for _ in parts:
                    pass
            time.sleep(0.1)
    worst = statistics.quantiles(took_ms, n=20)[18]
    return {
        "first byte, median ms": round(statistics.median(took_ms), 1),
        "first byte, 95th percentile ms": round(worst, 1),
    }


def page_loads(chromium: Browser, stack: Stack, state: Any, opened: int) -> dict[str, Any]:
    """Open the board with nothing in the cache; the bytes are those on the wire, with their heads."""
    loads = [page_load(chromium, stack, state) for _ in range(opened)]
    return {name: round(statistics.median(load[name] for load in loads), 1) for name in loads[0]}


def page_load(chromium: Browser, stack: Stack, state: Any) -> dict[str, float]:
    """Open the board once."""
    context = chromium.new_context(storage_state=state, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(OBSERVE)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.goto(stack.url, wait_until="networkidle")
    page.wait_for_timeout(1_000)
    by_kind = {kind: sum(size for i, size in sizes.items() if kinds.get(i) == kind) for kind in set(kinds.values())}
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    seen = page.evaluate("seen")
    rows = page.evaluate("fetch('/').then((one) => one.text()).then((text) => text.split('class=\"brow').length - 1)")
    context.close()
    return {
        "whole page without pictures, KB": sum(size for kind, size in by_kind.items() if kind != "Image") / 1000,
        "its document, KB": by_kind.get("Document", 0) / 1000,
        "its requests": len(sizes),
        "rows in the document": rows,
        "first paint, ms": painted,
        "largest paint, ms": seen["paintMs"],
        "main thread blocked, ms": seen["busyMs"],
    }


def live_page(chromium: Browser, stack: Stack, state: Any, seconds: int) -> dict[str, Any]:
    """Leave the board open while it lives, and count what moves that should not."""
    page = opened(chromium, stack, state, "/")
    page.wait_for_timeout(seconds * 1_000)
    shift = page.evaluate("seen.shift")
    page.context.close()
    return {"layout shift": round(shift, 4), "seconds live": seconds}


def charts(chromium: Browser, stack: Stack, state: Any, channel_id: str, sizes: Sizes) -> dict[str, Any]:
    """Switch between ranges, each time anew from Cassandra."""
    page = opened(chromium, stack, state, f"/?channel={channel_id}&board=messages")
    figures: dict[str, Any] = {}
    for shown, label, least in (("24h", "24 h", sizes.near_points), ("90d", "90 d", sizes.far_points)):
        took_ms = [switched(page, shown, least) for _ in range(sizes.charted)]
        figures[f"chart of {label}, median ms"] = round(statistics.median(took_ms), 1)
        figures[f"chart of {label}, worst ms"] = round(max(took_ms), 1)
    page.context.close()
    return figures


def switched(page: Page, shown: str, least: int) -> float:
    """Go from the last ten minutes to a range, and return the ms until it is drawn."""
    page.locator('#ranges [data-range="10m"]').click()
    page.wait_for_function("() => Number(document.querySelector('#chart').dataset.points) < 1000")
    page.wait_for_timeout(1_500)
    return float(page.evaluate(CHART, [shown, least]))


def opened(chromium: Browser, stack: Stack, state: Any, path: str) -> Page:
    """Open a page that is watched."""
    page = chromium.new_context(storage_state=state, viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(OBSERVE)
    page.goto(f"{stack.url}{path}")
    page.wait_for_selector('#conn[data-state="live"]')
    return page


if __name__ == "__main__":
    sys.exit(main())
