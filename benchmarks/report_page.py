"""How fast a page of a scan is: written, painted, filtered, searched, opened. Prints a table, asserts nothing.

Reuters-21578 as it is, and grown by planted copies, with made-up outlets, until its scan has some 100,000 pairs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

import dedup
from benchmarks.browser import chromium
from benchmarks.corpus import Record, grow, main_corpus, write_jsonl
from dedup.report import page_writer, scan_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

GROWN = 72_000
OUTLETS = 400

# From an act in the page to the frame that shows what came of it.
_TIMED = """async () => {
  const begin = performance.now();
  ACT
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begin;
}"""

_CHOICES = "form.reset(); form.elements.view.value = 'all'; "
_OPENED = (
    "await new Promise((done) => { const look = () => pairView.pair === PAIR ? done() : setTimeout(look, 1); look(); });"
)

ACTS = {
    "all pairs": _CHOICES + "await list.refresh();",
    "one relation": _CHOICES
    + "for (const box of form.elements.relation) box.checked = box.value === 'contained'; await list.refresh();",
    "sort by words": _CHOICES + "form.elements.sort.value = 'words'; await list.refresh();",
    "first search": _CHOICES + "form.elements.search.value = 'cocoa'; await list.refresh();",
    "next search": _CHOICES + "form.elements.search.value = 'interest rates'; await list.refresh();",
    "clusters": "form.reset(); await list.refresh();",
    "next page": "list.turn(1);",
    "open a pair": "location.hash = 'pair-' + list.pairs[7]; " + _OPENED.replace("PAIR", "list.pairs[7]"),
    "next pair": "pairView.step(1); " + _OPENED.replace("PAIR", "list.pairs[8]"),
}


def with_outlets(records: Iterator[Record]) -> Iterator[Record]:
    """The same stories, each said to be by one of ``OUTLETS``, a few of which have most."""
    rng = Random("outlets")
    for record in records:
        yield {**record, "source": f"Outlet {int(OUTLETS * rng.random() ** 3):03}"}


def written(stories: Path, target: Path) -> dict[str, float]:
    """Scan and write the page; seconds of both, and sizes."""
    begin = perf_counter()
    result = dedup.scan([stories])
    pairs, dropped = len(result.pairs), sum(not decision.keep for decision in result.decisions)
    scanned = perf_counter()
    with open(target, "wb") as file:
        page_writer()(scan_page(result), file)
    return {
        "stories": len(result.stories),
        "pairs": pairs,
        "dropped": dropped,
        "scan, s": scanned - begin,
        "writing the page, s": perf_counter() - scanned,
        "page, MB": target.stat().st_size / 1e6,
    }


def timed(page: Page, act: str) -> float:
    """Milliseconds from an act to the frame after it."""
    took: float = page.evaluate(_TIMED.replace("ACT", act))
    return took


def once(browser: Browser, path: Path) -> dict[str, float]:
    """One visit: milliseconds to the first paint, until everything answers, and for each act."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as session:
        page = session.new_page()
        page.goto(path.as_uri(), wait_until="commit")
        page.wait_for_selector("html[data-ready]", timeout=120_000)
        while not page.evaluate("() => performance.getEntriesByName('first-contentful-paint').length"):
            page.wait_for_timeout(20)
        found = {
            "first paint": page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime"),
            "ready": page.evaluate("() => performance.getEntriesByName('ready')[0].startTime"),
        }
        page.evaluate("() => { location.hash = 'list'; }")
        return found | {name: timed(page, act) for name, act in ACTS.items()}


def median_visit(browser: Browser, path: Path, visits: int) -> dict[str, float]:
    """The median of several visits, each in a fresh session."""
    seen = [once(browser, path) for _ in range(visits)]
    return {name: statistics.median(visit[name] for visit in seen) for name in seen[0]}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_page", description=__doc__)
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--grown", type=int, default=GROWN, help="stories of the grown collection")
    options = parser.parse_args()
    collections: dict[str, Callable[[], Iterator[Record]]] = {
        "main": lambda: iter(main_corpus().records),
        "grown": lambda: with_outlets(grow(main_corpus().records, options.grown, "copies")),
    }
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for name, records in collections.items():
            stories, target = Path(folder, f"{name}.jsonl"), Path(folder, f"{name}.html")
            write_jsonl(records(), stories)
            print(name)
            for what, value in written(stories, target).items():
                print(f"  {what:24}{value:12,.2f}" if isinstance(value, float) else f"  {what:24}{value:9,}")
            for what, value in median_visit(browser, target, options.visits).items():
                print(f"  {what + ', ms':24}{value:9,.0f}")


if __name__ == "__main__":
    main()
