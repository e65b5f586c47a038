"""The page of a scan as a person uses it, in a real browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from corpora import DATA, FIXTURES
from report.pages import chromium, open_pair, opened, titles, write_lines, write_page

import dedup
from dedup.story import Relation

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STRAIT = ["shared-passage/strait-statement-coastal-herald.txt", "shared-passage/strait-statement-northern-ledger.txt"]
COMMON = "on Wednesday put their names to a joint statement on reopening the Sable Strait to shared"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def fixtures_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page([FIXTURES], tmp_path_factory.mktemp("page") / "fixtures.html")


@pytest.fixture
def page(browser: Browser, fixtures_page: Path) -> Iterator[Page]:
    with opened(browser, fixtures_page) as found:
        yield found


@pytest.fixture(scope="module")
def strait() -> int:
    pairs = [(pair.a, pair.b) for pair in dedup.scan([FIXTURES]).pairs]
    return pairs.index((STRAIT[0], STRAIT[1]))


def to_list(page: Page) -> None:
    page.click("#to-list")
    page.wait_for_selector("#pairs:visible")


def shows(page: Page, count: str) -> None:
    page.wait_for_function("(text) => document.getElementById('count').textContent === text", arg=count)


def test_the_overview_counts_what_the_command_counts(page: Page) -> None:
    assert "39 stories read: 30 stay, 9 repeat one that stays" in page.inner_text(".lead")
    rows = page.locator("#overview .bars").first.locator("tbody tr").all_inner_texts()
    assert [row.split()[1:] for row in rows] == [
        ["identical", "2"],
        ["near-duplicate", "4"],
        ["contained", "3"],
        ["shared-passage", "2"],
        ["template", "6"],
    ]
    assert page.locator(".scatter .mark").count() > 0
    assert page.locator(".matrix").count() == 0  # no outlets are known of text files


def test_views_relations_and_words_narrow_the_list(page: Page) -> None:
    to_list(page)
    shows(page, "9 clusters")
    page.get_by_label("All pairs").check(force=True)
    shows(page, "17 pairs")
    page.get_by_label("Overlaps between kept").check(force=True)
    shows(page, "8 pairs")
    page.get_by_role("checkbox", name="template").uncheck()
    shows(page, "2 pairs")
    page.get_by_label("Shared words, at least").fill("41")
    shows(page, "1 pair")
    page.get_by_role("button", name="Reset").click()
    shows(page, "9 clusters")


def test_a_relation_in_the_overview_leads_to_its_pairs(page: Page) -> None:
    page.click("#overview a[data-relation=contained]")
    shows(page, "3 pairs")
    assert {text.split()[-1] for text in page.locator("#rows td:first-child").all_inner_texts()} == {"contained"}


def test_search_looks_into_ids_and_texts_of_either_story(page: Page) -> None:
    to_list(page)
    page.get_by_label("All pairs").check(force=True)
    page.fill("#search", "hydrographers")
    shows(page, "1 pair")
    page.fill("#search", "HYDROGRAPHERS castellane")  # a word of each story
    shows(page, "1 pair")
    page.fill("#search", '"panel of hydrographers"')
    shows(page, "1 pair")
    page.fill("#search", "northern-ledger")
    shows(page, "1 pair")
    page.fill("#search", "no such word in them")
    shows(page, "Nothing fits; choose less narrowly.")


def test_sorting(page: Page) -> None:
    to_list(page)
    page.get_by_label("All pairs").check(force=True)
    for order, expected in (("alike", "identical"), ("unlike", "shared-passage"), ("words", "near-duplicate")):
        page.select_option("#sort", order)
        page.locator("#rows tr:first-child td:first-child", has_text=expected).wait_for()


def test_a_pair_opens_side_by_side_with_its_passage_and_changed_words(page: Page, strait: int) -> None:
    open_pair(page, strait)
    assert "shared-passage" in page.inner_text("#pair-title")
    assert "passage of 40 words in common (from 20 on)" in page.inner_text(".reason")
    passages = [re.sub(r"\s+", " ", text) for text in page.locator(".text mark").all_inner_texts()]
    assert len(passages) == 2
    assert all(COMMON in text for text in passages)
    assert page.locator(".text .only").all_inner_texts() == ["The text was agreed"]
    ids = page.locator(".sides .id").all_inner_texts()
    assert sorted(ids) == STRAIT


def test_the_kept_story_stands_first_and_is_named(page: Page) -> None:
    to_list(page)
    page.locator("#rows .open").first.press("Enter")
    page.wait_for_selector(".sides")
    assert page.locator(".sides .fate").all_inner_texts() == ["kept", "dropped"]


WITHOUT_BUTTONS = """(text) => {
  const copy = text.cloneNode(true);
  copy.querySelectorAll('button').forEach((one) => one.remove());
  return copy.textContent;
}"""


def test_texts_shown_are_the_texts_read(page: Page, strait: int) -> None:
    open_pair(page, strait)
    for side, name in enumerate(page.locator(".sides .id").all_inner_texts()):
        shown = page.locator(".sides .text").nth(side).evaluate(WITHOUT_BUTTONS)
        assert shown == (FIXTURES / name).read_text(encoding="utf-8")


def common_words(one: list[str], other: list[str]) -> int:
    """The length of the longest common subsequence, by the textbook."""
    row = [0] * (len(other) + 1)
    for word in one:
        diagonal = 0
        for at, candidate in enumerate(other, 1):
            diagonal, row[at] = row[at], diagonal + 1 if word == candidate else max(row[at], row[at - 1])
    return row[-1]


def random_words(rng: Random) -> str:
    return "".join(rng.choice("abcd") + rng.choice([" ", ", ", "\n"]) for _ in range(rng.randrange(30)))


def without(text: str, spans: list[tuple[int, int]]) -> list[str]:
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    return re.findall(r"\w", text)


def test_changed_words_are_as_few_as_can_be(page: Page) -> None:
    rng = Random(7)
    drawn = [(random_words(rng), random_words(rng)) for _ in range(300)]
    told = [("naïve Café", "naive, CAFE\u0301!"), ("橋は長い", "橋は 短い"), ("", "")]
    changed = "(cases) => cases.map(([a, b]) => changedWords(a, [0, a.length], b, [0, b.length]))"
    found = page.evaluate(changed, [*drawn, *told])
    for (one, other), (only_one, only_other) in zip(drawn, found[:300], strict=True):
        common = without(one, only_one)
        assert common == without(other, only_other)
        assert len(common) == common_words(without(one, []), without(other, []))
    assert found[300:] == [[[], []], [[[2, 3]], [[3, 4]]], [[], []]]


def test_a_passage_brings_the_other_story_to_its_height(browser: Browser, tmp_path: Path) -> None:
    common = [" ".join(f"{stem}{number}" for number in range(40)) for stem in ("alpha", "bravo", "charlie")]
    filler = [
        "\n\n".join(f"{name} {number} says this alone" for number in range(80)) for name in ("one", "two", "three", "four")
    ]
    one = "\n\n".join([common[0], filler[0], common[1], filler[1], common[2]])
    other = "\n\n".join([filler[2], common[0], common[1], filler[3], common[2]])
    stories = write_lines(tmp_path / "s.jsonl", [{"id": "a", "text": one}, {"id": "b", "text": other}])
    with opened(browser, write_page([stories], tmp_path / "p.html"), "pair-0") as page:
        page.wait_for_selector(".sides")
        top = "(mark) => mark.getBoundingClientRect().top - mark.closest('.text').getBoundingClientRect().top"
        for at in (1, 2, 0):
            mark = page.locator(".text").first.locator(f"mark[data-passage='{at}']")
            mark.get_by_role("button").click()
            there = page.locator(".text").nth(1).locator(f"mark[data-passage='{at}']")
            assert "current" in (there.get_attribute("class") or "")
            if at == 1:  # the texts are long enough on both sides of it
                assert there.evaluate(top) == pytest.approx(mark.evaluate(top), abs=2)
            box = there.evaluate("(mark) => mark.closest('.text').clientHeight")
            assert -1 <= there.evaluate(top) < box
        assert page.inner_text("#passage-count") == "Passage 1 of 3"
        for key, said in (("n", 2), ("n", 3), ("n", 1), ("p", 3)):
            page.keyboard.press(key)
            assert page.inner_text("#passage-count") == f"Passage {said} of 3"


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.keyboard.press("/")
    page.wait_for_function("() => document.activeElement.id === 'search'")
    page.keyboard.type("tram")
    shows(page, "1 cluster")
    page.locator("#search").press("Tab")  # the fields, then the row: every step is a real control
    for _ in range(20):
        if page.evaluate("document.activeElement.matches('#rows .open')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sides")
    assert page.evaluate("document.activeElement.id") == "pair-title"
    page.keyboard.press("w")
    assert page.locator("[data-mark=wrong]").get_attribute("aria-pressed") == "true"
    page.keyboard.press("u")
    assert page.locator("[data-mark=wrong]").get_attribute("aria-pressed") == "false"
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    page.wait_for_selector("#list:visible")
    assert page.evaluate("document.activeElement.matches('#rows .open')")  # back where one was
    assert page.locator("#rows td:last-child").all_inner_texts() == ["right"]


def test_arrows_move_among_rows_and_j_k_among_pairs(page: Page) -> None:
    to_list(page)
    rows = page.locator("#rows .open")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    assert rows.nth(1).evaluate("(row) => row === document.activeElement")
    page.keyboard.press("Enter")
    page.wait_for_function("() => pairView.pair === list.pairs[1]")
    page.keyboard.press("j")
    page.wait_for_function("() => pairView.pair === list.pairs[2]")
    page.keyboard.press("k")
    page.wait_for_function("() => pairView.pair === list.pairs[1]")


def test_a_cluster_is_one_row_and_its_members_are_a_step_away(browser: Browser, tmp_path: Path) -> None:
    story = (FIXTURES / "near-duplicate" / "tram-opening-morning.txt").read_text(encoding="utf-8")
    records = [{"id": f"s{n}", "title": f"Title {n}", "text": f"{story} Edition {'abcd'[n] * 5}."} for n in range(4)]
    stories = write_lines(tmp_path / "s.jsonl", records)
    (cluster,) = dedup.scan([stories]).clusters
    with opened(browser, write_page([stories], tmp_path / "p.html"), "list") as page:
        shows(page, "1 cluster")
        assert page.inner_text("#rows .more") == "and 2 more"
        page.locator("#rows .open").press("Enter")
        page.wait_for_selector(".cluster")
        assert page.inner_text("#cluster-title") == f"What repeats Title {cluster.kept[1]}"
        others = page.locator(".cluster a").all_inner_texts()
        assert sorted(others) == sorted(f"Title {name[1]}" for name in cluster.dropped)
        page.locator(".cluster a").last.click()
        page.wait_for_function("() => pairView.pair === data.clusters.values().next().value[2]")
        assert "3 of 3 in the cluster" in page.inner_text(".pair-bar")
        page.keyboard.press("k")
        page.wait_for_function("() => pairView.pair === data.clusters.values().next().value[1]")
        page.keyboard.press("Escape")
        page.wait_for_selector("#list:visible")
        assert page.evaluate("() => document.activeElement.matches('#rows .open')")
        shows(page, "1 cluster")  # what was chosen stays chosen


def test_single_keys_can_be_switched_off(page: Page, strait: int) -> None:
    page.keyboard.press("?")
    page.get_by_label("Single keys do this").uncheck()
    page.get_by_role("button", name="Close").click()
    open_pair(page, strait)
    page.keyboard.press("r")
    assert page.locator("[data-mark=right]").get_attribute("aria-pressed") == "false"


def test_dark_and_light(browser: Browser, fixtures_page: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, fixtures_page, color_scheme="dark") as page:
        dark = page.evaluate(ground)
        page.click("#theme")
        light = page.evaluate(ground)
        assert page.inner_text("#theme") == "Dark"
    with opened(browser, fixtures_page, color_scheme="light") as page:
        assert page.evaluate(ground) == light != dark


def test_everything_has_a_name_and_a_place(page: Page, strait: int) -> None:
    open_pair(page, strait)
    page.evaluate("for (const part of document.querySelectorAll('main > section')) part.hidden = false;")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select')].filter((one) =>
             !one.textContent.trim() && !one.ariaLabel && !one.labels?.length).map((one) => one.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("main, header.top, nav[aria-label], footer").count() >= 5
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("#count").get_attribute("aria-live") == "polite"
    assert page.locator("[onclick], [style]").count() == 0
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


OUTLETS = ["Coastal Herald", "Northern Ledger", "Wire"]


@pytest.fixture(scope="module")
def outlets_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outlets")
    story = (FIXTURES / "near-duplicate" / "tram-opening-morning.txt").read_text(encoding="utf-8")
    texts = [story, story + " More to follow.", story.upper()]
    texts += [(FIXTURES / name).read_text(encoding="utf-8") for name in STRAIT]
    sources = [*OUTLETS, OUTLETS[0], OUTLETS[2]]
    days = [3, 1, 2, 10, 11]
    records = [
        {"id": f"s{n}", "title": f"Story {n}", "text": text, "source": source, "published": f"2024-05-{day:02}T06:30:00Z",
         "url": f"https://example.org/{n}"}
        for n, (text, source, day) in enumerate(zip(texts, sources, days, strict=True))
    ]  # fmt: skip
    return write_page([write_lines(folder / "s.jsonl", records)], folder / "page.html")


def test_outlets_and_dates_are_shown_and_narrow_the_list(browser: Browser, outlets_page: Path) -> None:
    with opened(browser, outlets_page) as page:
        heads = page.locator(".matrix thead th").all_inner_texts()
        assert heads == OUTLETS
        labels = page.locator(".matrix button").evaluate_all("(cells) => cells.map((cell) => cell.ariaLabel)")
        assert "Coastal Herald and Wire: 2 pairs" in labels  # the tram, and the strait
        spread = page.locator(".timeline").first
        assert spread.locator("p").inner_text() == "3 stories of 3 outlets in 48 h"
        order = spread.locator("svg text").all_text_contents()
        assert order[:3] == ["Northern Ledger", "Wire", "Coastal Herald"]  # as they came
        page.get_by_role("button", name="Coastal Herald and Wire: 2 pairs").click()
        shows(page, "2 pairs")
        assert page.get_by_role("checkbox", name="template").is_checked() is False  # the matrix does not count them
        page.get_by_role("button", name="Reset").click()
        page.get_by_label("All pairs").check(force=True)
        page.select_option("#outlet", "Northern Ledger")
        page.wait_for_function("() => list.pairs.length === 2 || list.pairs.length === 1")
        page.select_option("#outlet", "")
        page.fill("#from", "2024-05-10")
        shows(page, "1 pair")
        page.fill("#to", "2024-05-09")
        shows(page, "Nothing fits; choose less narrowly.")


def test_marks_are_kept_for_their_page_alone(browser: Browser, fixtures_page: Path, outlets_page: Path) -> None:
    with opened(browser, fixtures_page, "pair-3") as page:
        page.wait_for_selector(".sides")
        page.keyboard.press("w")
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.evaluate("() => [...marks.all]") == [[3, "wrong"]]
        page.evaluate("() => localStorage.setItem(`dedup/${marks.key}`, 'not JSON')")
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.evaluate("() => marks.all.size") == 0
    digests = []
    for path in (fixtures_page, outlets_page):
        with opened(browser, path) as page:
            digests.append(page.evaluate("() => data.digest"))
    assert len(set(digests)) == 2


def test_links_lead_to_the_stories(browser: Browser, outlets_page: Path) -> None:
    with opened(browser, outlets_page, "pair-0") as page:
        page.wait_for_selector(".sides")
        links = page.locator(".sides header a").evaluate_all("(all) => all.map((one) => [one.href, one.rel])")
        assert links
        assert all(link[0].startswith("https://example.org/") and "noopener" in link[1] for link in links)


def test_the_export_is_read_by_eval(browser: Browser, fixtures_page: Path, tmp_path: Path) -> None:
    pairs = list(dedup.scan([FIXTURES]).pairs)
    relations = [pair.relation for pair in pairs]
    wrong = {relations.index(Relation.TEMPLATE), relations.index(Relation.NEAR_DUPLICATE)}
    with opened(browser, fixtures_page) as page:
        for pair in range(len(pairs)):
            open_pair(page, pair)
            page.keyboard.press("w" if pair in wrong else "r")
        page.keyboard.press("Escape")
        with page.expect_download() as download:
            page.click("#export")
        labels = tmp_path / download.value.suggested_filename
        download.value.save_as(labels)
        page.reload()  # what was marked is remembered
        page.wait_for_selector("html[data-ready]")
        assert page.inner_text("#reviewed") == f"{len(pairs)} reviewed" or page.evaluate("marks.all.size") == len(pairs)
    records = [json.loads(line) for line in labels.read_text().splitlines()]
    assert [(record["a"], record["b"]) for record in records] == [(pair.a, pair.b) for pair in pairs]
    done = subprocess.run(
        [sys.executable, "-m", "dedup", "eval", labels, FIXTURES, "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    scores = json.loads(done.stdout)["pairs"]["scan"]
    dropping = sum(relation in ("identical", "near-duplicate", "contained", "contains") for relation in relations)
    # One near-duplicate was called wrong, and one template was called a story that should have been found.
    assert (scores["hits"], scores["wrong"], scores["missed"]) == (dropping - 1, 1, 1)


def test_reuters_opens_filters_and_searches(browser: Browser, tmp_path: Path) -> None:
    stories = DATA / "reuters21578" / "stories.jsonl.gz"
    if not stories.exists():
        pytest.skip(f"{stories} is not there")
    path = write_page([stories], tmp_path / "reuters.html")
    result = dedup.scan([stories])
    dropped = [decision for decision in result.decisions if not decision.keep]
    with opened(browser, path, "list") as page:
        shows(page, f"{len(result.clusters):,} clusters")
        assert page.locator("#rows tr").count() == 50
        page.get_by_label("Removed stories").check(force=True)
        shows(page, f"{len(dropped):,} pairs")
        page.click("#next")
        assert page.inner_text("#page") == f"51 to 100 of {len(dropped):,}"
        page.get_by_label("All pairs").check(force=True)
        page.fill("#search", "cocoa")
        texts = {number: result.stories.story(number) for number in range(len(result.stories))}
        with_cocoa = {story.id for story in texts.values() if "cocoa" in f"{story.title}\n{story.text}".lower()}
        shows(page, f"{sum(pair.a in with_cocoa or pair.b in with_cocoa for pair in result.pairs):,} pairs")
        assert titles(page)
        page.locator("#rows .open").nth(3).click()
        page.wait_for_selector(".sides mark")
