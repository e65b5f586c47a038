"""Stories that try to become part of the page: whatever they hold, elements and attributes are those of harmless ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from report.pages import chromium, open_pair, opened, write_lines, write_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title></style></noscript></textarea></template><img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<!-- ", " --> <b>", "<!DOCTYPE html><html>", "]]> <![CDATA[",
    "<iframe src=https://evil.example/></iframe>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content=0;url=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<form action=https://evil.example/><input name=a autofocus onfocus=alert(1)>",
    "<style>*{display:none}</style>", "<plaintext>", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="', "' autofocus onfocus='alert(1)", "x` y=`",
    "javascript:alert(1)", "&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62; &amp",
    "{{ 7 * 7 }} {% for x in y %}", "${alert(1)} #{7*7} <%= 7 %>",
    "safe \u202e elbisrever \u2066 \u200f", "line \u2028 line \u2029 \u0085 end", "\u0000 nul \u0008 \u001b[31m red \u007f",
    "＜script＞alert(1)＜/script＞", "__proto__ constructor toString", "\U0001f600 \ufffe e\u0301\u0301 שלום مرحبا",
    "W" * 4000,
)  # fmt: skip
FIELDS = ("id", "title", "source", "url", "text")
BODY = (
    "the harbour board said on Tuesday that the old pier would close for repairs until the end of the year {} and the ferry "
    "would call at the new one as it did in May"
)

SKELETON = """() => [...document.querySelectorAll('*')].map((one) =>
  one.localName + ' ' + [...one.attributes].map((a) => a.name).filter((name) => name !== 'class').sort().join(' '))"""


def records(payloads: Sequence[str]) -> Iterator[dict[str, str]]:
    """Two stories alike for each payload and field, one with the payload there; the second repeats the first."""
    number = 0
    for payload in payloads:
        for field in FIELDS:
            number += 1
            words = [f"w{number}x{at}" for at in range(60)]  # no other pair shares a word
            words[30] = payload if field == "text" else "plain"
            for side in "ab":
                record = {
                    "id": f"{number:03}{side} ",
                    "title": f"Title {number} ",
                    "source": f"Outlet {side} {number} ",
                    "url": f"https://example.org/{number}{side}",
                    "published": f"2024-05-01T0{side == 'b':d}:00:00Z",
                    "text": " ".join(words),
                }
                if field != "text":
                    record[field] += payload
                yield record


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def skeletons(browser: Browser, path: Path, pairs: int) -> Iterator[tuple[str, list[str]]]:
    with opened(browser, path) as page:
        yield "overview", page.evaluate(SKELETON)
        page.evaluate("() => narrow({})")
        page.click("#to-list")
        page.select_option("#sort", "id")
        page.wait_for_function("(pairs) => list.pairs.length === pairs && list.pairs[0] === 0", arg=pairs)
        for number in range(-(-pairs // 50)):
            yield f"list {number}", page.evaluate(SKELETON)
            if number:
                page.click("#next")
        for pair in range(pairs):
            open_pair(page, pair)
            yield f"pair {pair}", page.evaluate(SKELETON)


def test_elements_and_attributes_are_those_of_harmless_stories(browser: Browser, tmp_path: Path) -> None:
    assert len(PAYLOADS) >= 30
    harmless = write_page([write_lines(tmp_path / "h.jsonl", records(["harmless"] * len(PAYLOADS)))], tmp_path / "h.html")
    hostile = write_page([write_lines(tmp_path / "x.jsonl", records(PAYLOADS))], tmp_path / "x.html")
    pairs = len(PAYLOADS) * len(FIELDS)
    expected = dict(skeletons(browser, harmless, pairs))
    assert len(expected) == 1 + -(-pairs // 50) + pairs
    for name, found in skeletons(browser, hostile, pairs):
        assert found == expected[name], name


class Elements(HTMLParser):
    """Elements and attributes as another parser sees them, before any script has run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append(" ".join([tag, *sorted(name for name, _ in attributes)]))


def test_the_file_itself_has_the_elements_of_harmless_stories(tmp_path: Path) -> None:
    found = []
    for name, payloads in (("h", ["harmless"] * len(PAYLOADS)), ("x", PAYLOADS)):
        page = write_page([write_lines(tmp_path / f"{name}.jsonl", records(payloads))], tmp_path / f"{name}.html")
        parser = Elements()
        parser.feed(page.read_text(encoding="utf-8"))
        found.append(parser.found)
    assert found[0] == found[1]
    assert len(found[0]) > 100


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "file:///etc/passwd", "//x", " "]
)
def test_only_http_becomes_a_link(browser: Browser, tmp_path: Path, url: str) -> None:
    text = BODY.format("plain")
    stories = write_lines(
        tmp_path / "s.jsonl", [{"id": "a", "text": text, "url": url}, {"id": "b", "text": text, "url": url}]
    )
    with opened(browser, write_page([stories], tmp_path / "p.html"), "pair-0") as page:
        page.wait_for_selector(".sides")
        assert page.locator(".sides a").count() == 0


def test_the_policy_would_stop_what_got_in(browser: Browser, tmp_path: Path) -> None:
    stories = write_lines(tmp_path / "s.jsonl", [{"id": name, "text": BODY} for name in "ab"])
    address = write_page([stories], tmp_path / "p.html").as_uri()
    with browser.new_context() as session:
        page = session.new_page()
        asked: list[str] = []
        session.on("requestfinished", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        page.evaluate(
            """() => {
              document.body.insertAdjacentHTML("beforeend", '<img src=nowhere.png onerror="window.hit = 1">'
                + '<iframe srcdoc="<script>parent.hit = 1</script>"></iframe><link rel=stylesheet href=x.css>');
              const script = document.createElement("script");
              script.textContent = "window.hit = 1";
              document.body.append(script);
              const other = document.createElement("script");
              other.src = "other.js";
              document.body.append(other);
            }"""
        )
        page.wait_for_timeout(300)
        assert page.evaluate("() => window.hit") is None
        assert page.evaluate("() => fetch('/').then(() => 'fetched', () => 'refused')") == "refused"
        assert [url for url in asked if url != address and url != "about:srcdoc"] == []


def test_a_damaged_page_says_so(browser: Browser, tmp_path: Path) -> None:
    stories = write_lines(tmp_path / "s.jsonl", [{"id": name, "text": BODY} for name in "ab"])
    path = write_page([stories], tmp_path / "p.html")
    path.write_text(re.sub(r'(id="columns">).{40}', r"\1" + "A" * 40, path.read_text(encoding="utf-8")), encoding="utf-8")
    with browser.new_context() as session:
        page = session.new_page()
        page.goto(path.as_uri())
        page.wait_for_selector("#fault:visible")
        assert "The file is damaged" in page.inner_text("#fault")


def test_what_turns_or_hides_text_is_spelt_out(browser: Browser, tmp_path: Path) -> None:
    text = BODY.format("turned \u202e here \u0007 and \u2066 there")
    stories = [{"id": name, "text": text, "title": "A\u202eB\u001b[31m", "source": f"O\u2067{name}"} for name in "ab"]
    path = write_page([write_lines(tmp_path / "s.jsonl", stories)], tmp_path / "p.html")
    hidden = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
    assert not hidden.search(path.read_text(encoding="utf-8"))
    with opened(browser, path) as page:
        assert not hidden.search(page.evaluate("() => document.documentElement.outerHTML"))
        page.evaluate("() => narrow({})")
        open_pair(page, 0)
        shown = page.locator(".sides").inner_text()
        assert "A\\u202eB\\x1b[31m" in shown
        assert "turned \\u202e here \\x07 and \\u2066 there" in shown
        assert not hidden.search(page.evaluate("() => document.documentElement.innerHTML").replace("\r", ""))


def test_a_story_of_a_megabyte_is_cut_around_its_passage(browser: Browser, tmp_path: Path) -> None:
    passage = BODY.format("plain")
    filler = [" ".join(f"{side}{at}" for at in range(70_000)) for side in ("early", "late")]
    long = f"The opening. {filler[0]} {passage} {filler[1]}"
    assert len(long) > 1_000_000
    stories = write_lines(
        tmp_path / "s.jsonl", [{"id": "long", "text": long}, {"id": "short", "text": f"Briefly: {passage}. No more."}]
    )
    path = write_page([stories], tmp_path / "p.html")
    assert path.stat().st_size < 300_000
    with opened(browser, path) as page:
        assert "Texts of over 60,000 characters are cut" in page.inner_text("footer")
        page.evaluate("() => narrow({})")
        open_pair(page, 0)
        marks = page.locator(".text mark")
        assert marks.count() == 2
        for text in marks.all_inner_texts():
            assert "the harbour board said on Tuesday" in text
            assert text.endswith("as it did in May")
        gaps = page.locator(".gap").all_inner_texts()
        left_out = sum(int(re.sub(r"\D", "", gap)) for gap in gaps)
        assert len(gaps) == 2
        kept = page.locator(".text", has=page.locator(".gap")).evaluate("(text) => text.textContent.length")
        assert abs(kept + left_out - len(long)) < 100  # but for the notes themselves and the passage's number


def test_one_passage_of_a_megabyte_is_shown_in_part(browser: Browser, tmp_path: Path) -> None:
    text = " ".join(f"word{at}" for at in range(110_000))
    stories = write_lines(tmp_path / "s.jsonl", [{"id": "a", "text": text}, {"id": "b", "text": text + " end"}])
    with opened(browser, write_page([stories], tmp_path / "p.html"), "pair-0") as page:
        page.wait_for_selector(".sides mark")
        assert page.locator(".gap").count() == 2
        assert page.locator(".text .only").count() == 0
        assert "single words are not marked" in page.inner_text(".hint")


def test_a_text_of_one_huge_word_and_empty_titles(browser: Browser, tmp_path: Path) -> None:
    text = f"{'W' * 50_000} {BODY.format('plain')}"
    stories = [{"id": name, "text": text, "title": "", "source": ""} for name in "ab"]
    with opened(browser, write_page([write_lines(tmp_path / "s.jsonl", stories)], tmp_path / "p.html"), "list") as page:
        page.locator("#rows .open").click()
        page.wait_for_selector(".sides mark")
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_characters_outside_the_basic_plane_move_no_passage(browser: Browser, tmp_path: Path) -> None:
    faces = "\U0001f600 " * 30
    passage = BODY.format("\U0001f600 in the middle \U0001f600")
    stories = [
        {"id": "a", "text": faces + passage + "."},
        {"id": "b", "text": "Said: " + passage + " and then something else happened"},
    ]
    with opened(browser, write_page([write_lines(tmp_path / "s.jsonl", stories)], tmp_path / "p.html"), "pair-0") as page:
        page.wait_for_selector(".sides mark")
        for text in page.locator(".text mark").all_inner_texts():
            assert text[1:].startswith("the harbour board")  # behind the passage's number
            assert text.endswith("as it did in May")


def test_nothing_and_no_pairs_are_pages_too(browser: Browser, tmp_path: Path) -> None:
    empty = write_page([write_lines(tmp_path / "none.jsonl", [])], tmp_path / "none.html")
    with opened(browser, empty, "list") as page:
        assert page.inner_text("#count") == "Nothing fits; choose less narrowly."
    one = write_page([write_lines(tmp_path / "one.jsonl", [{"id": "a", "text": BODY}])], tmp_path / "one.html")
    with opened(browser, one) as page:
        assert "1 story read: 1 stay" in page.inner_text(".lead")


def test_our_own_script_and_style_cannot_end_their_elements() -> None:
    for file in files("dedup.report").joinpath("templates").iterdir():
        if file.name.endswith((".js", ".css")):
            source = file.read_text(encoding="utf-8")
            assert "<!--" not in source
            assert "</" not in source
            assert "innerHTML" not in source
            assert "eval(" not in source
