"""The search for layout faults finds each kind of fault, and nothing on a page without faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from deploy.local.browser import find_browser
from tests.e2e.layout import HEIGHT, SCRIPT, THEMES, WIDTHS, layout_faults

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_browser() is None, reason="Chromium is absent"),
]

PAGE = """
<!doctype html>
<style>
  body {{ margin: 20px; font: 16px/1.5 monospace; }}
  .box {{ position: relative; width: 120px; border: 1px solid; }}
  .one-line {{ white-space: nowrap; }}
  .hidden {{ overflow: hidden; }}
  .ellipsis {{ text-overflow: ellipsis; }}
  .scroll {{ overflow: auto; }}
  .over {{ position: absolute; left: 0; top: 0; }}
  .vh {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
</style>
<main>{}</main>
"""
LONG = "a line that is too long for its box"

OVERLAPPING = {
    "two blocks": "<p>below</p><p style='margin-top: -30px'>above</p>",
    "a label over the text of its parent": "<div class='box'>text<span class='over'>label</span></div>",
    "labels of a chart": "<svg width=200 height=40><text y=20>10:00</text><text x=20 y=20>10:15</text></svg>",
    "a placeholder": "<input placeholder='Search'><p style='margin-top: -20px'>below</p>",
}
CUT = {
    "a line": f"<p class='box one-line hidden'>{LONG}</p>",
    "half of a line": "<p class='box hidden' style='height: 12px'>text</p>",
    "a whole line": "<p class='box hidden' style='height: 20px'>one<br>two</p>",
    "an ellipsis without a title": f"<p class='box one-line hidden ellipsis'>{LONG}</p>",
    "an ellipsis with another title": f"<p class='box one-line hidden ellipsis' title='More'>{LONG}</p>",
    "a link without an ellipsis": f"<a class='box one-line hidden' style='display: block' href='/'>{LONG}</a>",
    "an absolutely positioned text": f"<div class='box hidden'><br><br><p class='over one-line'>{LONG}</p></div>",
    "a label of a chart": "<svg width=100 height=40><text x=80 y=20>10:00</text></svg>",
    "a label of a part of a chart": "<svg width=300 height=40><svg x=9 width=40><text y=20>Music</text></svg></svg>",
    "a select": f"<select style='width: 120px'><option>{LONG}</select>",
    "a placeholder": f"<input style='width: 120px' placeholder='{LONG}'>",
    "a button": f"<input type=submit style='width: 120px' value='{LONG}'>",
}
OUTSIDE = {
    "a border": f"<p class='box one-line'>{LONG}</p>",
    "a background": f"<p class='one-line' style='width: 120px; background: #eee'>{LONG}</p>",
    "a bottom border": "<p style='height: 14px; border-bottom: 1px solid'>one<br>two</p>",
    "the page": f"<p class='one-line' style='margin-left: calc(100vw - 60px)'>{LONG}</p>",
    "the left edge": f"<p class='one-line' style='margin-left: -60px'>{LONG}</p>",
}
FAULTLESS = f"""
<a class='over' style='top: -60px' href='#main'>Skip</a>
<p>Text with a <b>bold</b> word, <code style='background: #eee'>code</code>, <span class='vh'>{LONG}</span> more.</p>
<p class='box one-line scroll' tabindex=0>{LONG}</p>
<p class='box one-line hidden ellipsis' title='{LONG}'>{LONG}</p>
<a class='box one-line hidden ellipsis' style='display: block' href='/'>{LONG}</a>
<div class='box'>{LONG}</div>
<div class='box'>a<span class='over' style='visibility: hidden'>b</span><span class='over' hidden>c</span></div>
<div class='box'>a<b class='over' style='opacity: 0'>b</b><b class='over' style='color: transparent'>c</b></div>
<div class='hidden' style='width: 60px; height: 30px'><p style='position: absolute; left: 320px'>{LONG}</p></div>
<details><summary>More</summary><p class='one-line' style='margin-left: -60px'>{LONG}</p></details>
<p style='position: fixed; left: 20px; top: 20px; margin: 0; background: #fff'>Updates paused</p>
<select style='width: 120px; text-overflow: ellipsis'><option>{LONG}</select>
<input style='width: 120px' value='{LONG}' placeholder='Name'>
<svg width=200 height=40><text y=20>10:00</text><text x=80 y=20>10:15</text></svg>
<svg width=40 height=40 style='overflow: visible'><text x=20 y=20>10:00</text></svg>
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": WIDTHS[0], "height": HEIGHT})
    yield page
    page.close()


def kinds(page: Page, body: str) -> set[str]:
    page.set_content(PAGE.format(body))
    return {fault["kind"] for fault in page.evaluate(SCRIPT)}


@pytest.mark.parametrize("case", OVERLAPPING)
def test_overlapping_text_is_found(page: Page, case: str) -> None:
    assert kinds(page, OVERLAPPING[case]) == {"overlap"}


@pytest.mark.parametrize("case", CUT)
def test_text_that_is_cut_off_is_found(page: Page, case: str) -> None:
    assert kinds(page, CUT[case]) == {"cut"}


@pytest.mark.parametrize("case", OUTSIDE)
def test_text_outside_its_box_is_found(page: Page, case: str) -> None:
    assert kinds(page, OUTSIDE[case]) == {"outside"}


def test_text_under_a_dialog_does_not_overlap_the_text_of_the_dialog(page: Page) -> None:
    body = "<dialog style='inset: 0 auto auto 0; margin: 0'>Delete?</dialog><p class='over'>text</p>"
    page.set_content(PAGE.format(body))
    page.evaluate("document.querySelector('dialog').showModal()")
    assert page.evaluate(SCRIPT) == []


def test_every_width_and_theme_is_checked_and_named(page: Page) -> None:
    dark = "@media (prefers-color-scheme: dark) and (max-width: 800px) { .box { white-space: nowrap; } }"
    page.set_content(PAGE.format(f"<style>{dark}</style><p class='box'>{LONG}</p>"))
    found = list(layout_faults(page, "/page"))
    assert [fault.split(": ")[0] for fault in found] == ["/page, 768 px, dark", "/page, 390 px, dark"]
    assert all(f"outside: “{LONG}” html > body > main > p.box" in fault for fault in found)


def test_no_fault_is_found_on_a_faultless_page(page: Page) -> None:
    page.set_content(PAGE.format(FAULTLESS))
    page.emulate_media(color_scheme=THEMES[0])
    assert list(layout_faults(page, "/page")) == []
