"""The pictures of the README, made from ``fixtures/``: ``python -m benchmarks.screenshots``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import dedup
from benchmarks.browser import chromium
from benchmarks.corpus import FIXTURES, ROOT
from dedup.report import page_writer, scan_page

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

DOCS = ROOT / "docs"
STATEMENT = "shared-passage/strait-statement-coastal-herald.txt"
"""One of two reports of a joint statement, which share the agency's sentence and nothing else."""


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    result = dedup.scan([FIXTURES])
    statement = next(number for number, pair in enumerate(result.pairs) if pair.a == STATEMENT)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder, "report.html")
        with open(path, "wb") as file:
            page_writer()(scan_page(result), file)
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for scheme in schemes:
            for name, part, height in (("overview", "overview", 860), ("pair", f"pair-{statement}", 760)):
                size: ViewportSize = {"width": 1200, "height": height}
                with browser.new_context(color_scheme=scheme, viewport=size) as session:
                    page = session.new_page()
                    page.goto(f"{path.as_uri()}#{part}")
                    page.wait_for_selector("html[data-ready]")
                    page.wait_for_selector(".sides mark" if name == "pair" else "#overview:visible")
                    page.screenshot(path=DOCS / f"report-{name}-{scheme}.png")


if __name__ == "__main__":
    main()
