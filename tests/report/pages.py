"""Pages of scans, and a browser to open them in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dedup
from benchmarks.browser import ARGUMENTS
from dedup.report import page_writer, scan_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; skips the test where it, or Playwright, is not there."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not there")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, path: Path, part: str = "overview", **context: Any) -> Iterator[Page]:
    """A page once it is ready; fails if it asks for anything else than itself, says an error, or opens a dialogue."""
    address = path.resolve().as_uri()
    asked: list[str] = []
    said: list[str] = []

    def dismissed(dialog: Dialog) -> None:
        said.append(f"dialogue {dialog.message}")
        dialog.dismiss()

    with browser.new_context(viewport={"width": 1280, "height": 900}, **context) as session:
        page = session.new_page()
        page.on("request", lambda request: asked.append(request.url.split("#")[0]))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", dismissed)
        page.goto(f"{address}#{part}")
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        yield page
        assert said == []
        assert {url for url in asked if not url.startswith("blob:")} == {address}


def write_page(paths: Iterable[Path | str], target: Path, **options: Any) -> Path:
    """The page of a scan of these paths."""
    with open(target, "wb") as file:
        page_writer()(scan_page(dedup.scan(list(paths), **options)), file)
    return target


def write_lines(target: Path, records: Iterable[Mapping[str, object]]) -> Path:
    """Records as JSON lines."""
    target.write_text("".join(json.dumps(record) + "\n" for record in records))
    return target


def titles(page: Page) -> list[str]:
    """Of each row of the list the title of the story that stands first."""
    return page.locator("#rows .open .title").all_inner_texts()


def open_pair(page: Page, pair: int) -> None:
    """Open a pair by its number, and wait until its texts are there."""
    page.evaluate("(pair) => { location.hash = 'pair-' + pair; }", pair)
    page.wait_for_function("(pair) => pairView.pair === pair && !document.getElementById('pair').hidden", arg=pair)
