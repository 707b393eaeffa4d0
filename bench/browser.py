"""`python -m bench.browser`: load times of pages and charts, measured in Chromium on a complete instance.

For the board page: time to first byte, size and first paint with a cold cache, and layout shift while it is live. For
the charts of 24 hours and 90 days: the time from the click to the frame in which the chart is drawn.
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
from bench.machine import save, table
from bench.stored_history import write_history
from core.times import DAY_MS, MINUTE_MS
from deploy.local.browser import find_browser
from drills.stack import Stack, wait_until

TARGETS = {
    "first byte, median ms": 50.0,
    "page without images, KB": 150.0,
    "layout shift": 0.0,
    "24 h chart, median ms": 400.0,
    "90 d chart, median ms": 600.0,
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The number of repetitions, the time to watch the board, and the length of a channel's history."""

    requests: int = 50
    page_loads: int = 5
    chart_loads: int = 7
    live_s: int = 60
    recent_ms: int = DAY_MS
    hourly_ms: int = 90 * DAY_MS
    # Slightly less than 8,640 and 2,160, because the newest windows may not be stored yet.
    recent_points: int = 8_600
    hourly_points: int = 2_150


SMOKE = Sizes(2, 1, 1, 1, 30 * MINUTE_MS, DAY_MS, 170, 20)
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

# Sums the layout shifts that user input did not cause, and the blocking time of the main thread.
OBSERVE = """
window.observed = { shift: 0, busyMs: 0, paintMs: 0 };
const observe = (type, take) =>
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
observe("layout-shift", (entry) => { if (!entry.hadRecentInput) observed.shift += entry.value; });
observe("longtask", (entry) => { observed.busyMs += Math.max(0, entry.duration - 50); });
observe("largest-contentful-paint", (entry) => { observed.paintMs = entry.startTime; });
"""
# Measures from the click to the second frame after the chart has its points, because the first frame may have begun
# before they arrived.
CHART = """
([range, minPoints]) => new Promise((resolve) => {
  const chart = document.querySelector("#chart");
  const frame = () => new Promise(requestAnimationFrame);
  const began = performance.now();
  const drawn = async () => {
    if (Number(chart.dataset.points) < minPoints) return;
    observer.disconnect();
    await frame();
    await frame();
    resolve(performance.now() - began);
  };
  const observer = new MutationObserver(drawn);
  observer.observe(chart, { attributes: true, attributeFilter: ["data-points"] });
  document.querySelector(`#ranges [data-range="${range}"]`).click();
})
"""


def main() -> int:
    """Print the figures; raise an error if a page does not load or a chart is not drawn."""
    args = options(__doc__).parse_args()
    sizes = SMOKE if args.smoke else Sizes()
    with instance(args.on, start) as stack:
        channel_id = write_history(stack, sizes.recent_ms, sizes.hourly_ms)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=find_browser(), args=ARGS)
            figures = measure(chromium, stack, channel_id, sizes)
            chromium.close()
    rows = [[name, value, TARGETS.get(name, "")] for name, value in figures.items()]
    print(table([["board page and charts", "figure", "target"], *rows]))
    if args.smoke:
        return 0
    save("browser", {"figures": figures, "aims": TARGETS})
    return exit_code(
        [], [f"{name} {figures[name]}: expected {target}" for name, target in TARGETS.items() if figures[name] > target]
    )


def start(stack: Stack) -> None:
    """Start everything with 500 channels."""
    stack.start("--channels", "500", "--rate", "1000", "--seed", "3")


def measure(chromium: Browser, stack: Stack, channel_id: str, sizes: Sizes) -> dict[str, Any]:
    """Sign in once and return all figures."""
    state = sign_in(chromium, stack)
    wait_until(lambda: points(stack, state, channel_id, "24h") > sizes.recent_points, 300, "the day to be stored", 0.5)
    wait_until(lambda: points(stack, state, channel_id, "90d") > sizes.hourly_points, 300, "hours to be stored", 0.5)
    return {
        **first_bytes(stack, state, sizes.requests),
        **page_loads(chromium, stack, state, sizes.page_loads),
        **live_page(chromium, stack, state, sizes.live_s),
        **charts(chromium, stack, state, channel_id, sizes),
    }


def sign_in(chromium: Browser, stack: Stack) -> Any:
    """Sign in through the form and return the browser's storage state."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{stack.url}/account/login/?next=/")
    page.get_by_label("Email").fill("demo@twitchly.example")
    page.get_by_label("Password").fill((stack.var / "demo-password").read_text().strip())
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_selector("#list li[data-id]")
    state = context.storage_state()
    context.close()
    return state


def points(stack: Stack, state: Any, channel_id: str, range_key: str) -> int:
    """Return the current number of points in the channel's history."""
    with session_client(stack, state) as client:
        response = client.get(f"/channels/{channel_id}/series", params={"range": range_key})
    return len(response.json()["end_ms"]) if response.status_code == 200 else 0


def session_client(stack: Stack, state: Any) -> httpx.Client:
    """Return a client with the browser's cookies."""
    cookies = {cookie["name"]: cookie["value"] for cookie in state["cookies"]}
    return httpx.Client(base_url=stack.url, cookies=cookies, headers={"Accept-Encoding": "gzip"}, timeout=30)


def first_bytes(stack: Stack, state: Any, count: int) -> dict[str, Any]:
    """Request the board repeatedly on an open connection and time the first byte."""
    durations_ms = []
    with session_client(stack, state) as client:
        for _ in range(count):
            began = time.perf_counter()
            with client.stream("GET", "/") as response:
                chunks = response.iter_raw()
                next(chunks)
                durations_ms.append((time.perf_counter() - began) * 1000)
                for _ in chunks:
                    pass
            time.sleep(0.1)
    p95_ms = statistics.quantiles(durations_ms, n=20)[18]
    return {
        "first byte, median ms": round(statistics.median(durations_ms), 1),
        "first byte, p95 ms": round(p95_ms, 1),
    }


def page_loads(chromium: Browser, stack: Stack, state: Any, count: int) -> dict[str, Any]:
    """Open the board repeatedly with an empty cache; sizes are bytes on the wire, including headers."""
    loads = [page_load(chromium, stack, state) for _ in range(count)]
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
    first_paint_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    observed = page.evaluate("observed")
    rows = page.evaluate(
        "fetch('/').then((answer) => answer.text()).then((text) => text.split('class=\"board-row').length - 1)"
    )
    context.close()
    return {
        "page without images, KB": sum(size for kind, size in by_kind.items() if kind != "Image") / 1000,
        "document, KB": by_kind.get("Document", 0) / 1000,
        "requests": len(sizes),
        "rows in the document": rows,
        "first paint, ms": first_paint_ms,
        "largest contentful paint, ms": observed["paintMs"],
        "main thread blocked, ms": observed["busyMs"],
    }


def live_page(chromium: Browser, stack: Stack, state: Any, seconds: int) -> dict[str, Any]:
    """Keep the board open while it updates and sum its layout shifts."""
    page = open_page(chromium, stack, state, "/")
    page.wait_for_timeout(seconds * 1_000)
    shift = page.evaluate("observed.shift")
    page.context.close()
    return {"layout shift": round(shift, 4), "seconds live": seconds}


def charts(chromium: Browser, stack: Stack, state: Any, channel_id: str, sizes: Sizes) -> dict[str, Any]:
    """Switch between ranges; each chart is read from Cassandra."""
    page = open_page(chromium, stack, state, f"/?channel={channel_id}&board=messages")
    figures: dict[str, Any] = {}
    for range_key, label, min_points in (("24h", "24 h", sizes.recent_points), ("90d", "90 d", sizes.hourly_points)):
        durations_ms = [chart_ms(page, range_key, min_points) for _ in range(sizes.chart_loads)]
        figures[f"{label} chart, median ms"] = round(statistics.median(durations_ms), 1)
        figures[f"{label} chart, worst ms"] = round(max(durations_ms), 1)
    page.context.close()
    return figures


def chart_ms(page: Page, range_key: str, min_points: int) -> float:
    """Switch from the last ten minutes to another range; return the ms until the chart is drawn."""
    page.locator('#ranges [data-range="10m"]').click()
    page.wait_for_function("() => Number(document.querySelector('#chart').dataset.points) < 1000")
    page.wait_for_timeout(1_500)
    return float(page.evaluate(CHART, [range_key, min_points]))


def open_page(chromium: Browser, stack: Stack, state: Any, path: str) -> Page:
    """Open a page with the observers of OBSERVE."""
    page = chromium.new_context(storage_state=state, viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(OBSERVE)
    page.goto(f"{stack.url}{path}")
    page.wait_for_selector('#conn[data-state="live"]')
    return page


if __name__ == "__main__":
    sys.exit(main())
