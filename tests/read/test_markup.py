"""Web pages: their main text and what they say of themselves, in any encoding; and pages made to choke a reader."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from corpora import DATA
from read.helpers import ids, read, reasons

from dedup.read import ReadOptions
from dedup.read.markup import page

pytest.importorskip("trafilatura")

SENTENCES = [
    f"The {place} council voted on {day} to repair the old bridge over the river before the winter floods."
    for place in ("northern", "southern", "eastern", "western")
    for day in ("Monday", "Tuesday", "Friday")
]
BODY = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
PAGE = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>Bridge to be repaired – The Weekly</title>
<meta property="og:title" content="Bridge to be repaired"><meta property="og:site_name" content="The Weekly">
<meta property="article:published_time" content="2019-11-20T08:30:00Z">
<link rel="canonical" href="https://weekly.example/2019/bridge"></head>
<body><nav><a href="/">Home</a> <a href="/sport">Sport</a></nav><article><h1>Bridge to be repaired</h1>{body}</article>
<footer>Share on all networks. All rights reserved.</footer></body></html>"""


def saved(folder: Path, html: str | bytes, name: str = "a.html") -> Path:
    path = folder / name
    path.write_bytes(html if isinstance(html, bytes) else html.encode())
    return path


def test_a_page_is_its_main_text_and_what_it_says_of_itself(tmp_path: Path) -> None:
    stories, problems = read(saved(tmp_path, PAGE.format(charset="utf-8", body=BODY)))
    (story,) = stories
    assert problems == []
    assert story.id == "a.html"
    assert [line for line in story.text.split("\n") if line in SENTENCES] == SENTENCES
    assert "Share on" not in story.text
    assert (story.title, story.source) == ("Bridge to be repaired", "The Weekly")
    assert story.url == "https://weekly.example/2019/bridge"
    assert story.published is not None
    assert story.published.astimezone(UTC).date() == datetime(2019, 11, 20, tzinfo=UTC).date()


@pytest.mark.parametrize(
    ("charset", "word"), [("windows-1251", "министр"), ("shift_jis", "大統領は橋を"), ("iso-8859-1", "déclaré")]
)
def test_a_declared_encoding_is_believed(tmp_path: Path, charset: str, word: str) -> None:
    html = PAGE.format(charset=charset, body=f"<p>{word} {SENTENCES[0]}</p>" + BODY).replace("–", "-")
    stories, _ = read(saved(tmp_path, html.encode(charset)))
    assert word in stories[0].text


@pytest.mark.parametrize(
    "address",
    ["https://www.news.example?page=1", "https://news.example:8080/a", "http://news.example/a#b", "https://news.example"],
)
def test_a_page_that_does_not_name_its_site_goes_by_its_host(address: str) -> None:
    html = f"<html><body><article>{BODY}</article></body></html>"
    found = page(html.encode(), ReadOptions(), url=address)
    assert found is not None
    assert found.source == "news.example"


def test_without_the_extra_each_page_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path, PAGE.format(charset="utf-8", body=BODY))
    (tmp_path / "b.txt").write_text("one")
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    stories, problems = read(tmp_path)
    assert ids(stories) == ["b.txt"]
    lacking = "a web page, which needs trafilatura to be read; install it with pip install 'wire-dedup[html]'"
    assert reasons(problems) == [(f"a.html: {lacking}", True)]


def test_a_folder_of_pages(tmp_path: Path) -> None:
    for name in ("a.html", "b.HTM", "c.xhtml"):
        saved(tmp_path, PAGE.format(charset="utf-8", body=BODY), name)
    saved(tmp_path, "<html><body><img src='a.png'></body></html>", "empty.html")
    stories, problems = read(tmp_path)
    assert ids(stories) == ["a.html", "b.HTM", "c.xhtml"]
    assert reasons(problems) == [("empty.html: a web page without a main text; passed over", False)]


def test_what_was_read_before_makes_no_difference(tmp_path: Path) -> None:
    path = saved(tmp_path, PAGE.format(charset="utf-8", body=BODY))
    texts = {read(path)[0][0].text for _ in range(6)}
    assert len(texts) == 1


def test_nobody_elses_log_is_touched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        read(saved(tmp_path, "<html><body></body></html>"))
        logging.getLogger("trafilatura").warning("heard")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO] == ["heard"]


ARTICLE = f"<html><body><article>{BODY}"
HOSTILE = {
    "column spans": ARTICLE + '<table><tr><td colspan="9007199254740991">x</td><th colspan="9007199254740991" rowspan="-5">y'
                              "</th></tr></table></article>",
    "an unended iframe": ARTICLE + '<iframe src="' + "word " * 200_000,
    "angle brackets": "<" * 1_000_000,
    "deep nesting": "<html><body>" + "<div>" * 15_000 + BODY,
    "deep emphasis": ARTICLE + "<b>" * 15_000,
    "attributes": "<html><body><article><p " + " ".join(f"a{i}=1" for i in range(100_000)) + f">{BODY}",
    "NUL bytes": ARTICLE.replace("o", "o\0"),
    "scripts": ARTICLE + "<script>var a = '</scr' + 'ipt><p>no text</p>';</script></article>",
    "entities": '<!DOCTYPE html [<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;">]>' + ARTICLE + "&b;</article>",
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_page_stops_a_run(tmp_path: Path, kind: str) -> None:
    saved(tmp_path, HOSTILE[kind])
    saved(tmp_path, PAGE.format(charset="utf-8", body=BODY), "good.html")
    stories, problems = read(tmp_path)
    assert ids(stories)[-1] == "good.html"
    assert len(stories) + len(problems) == 2
    if len(stories) == 2 and ARTICLE in HOSTILE[kind]:
        assert SENTENCES[0] in stories[0].text


def test_too_many_elements_are_told(tmp_path: Path) -> None:
    stories, problems = read(saved(tmp_path, ARTICLE + "<p>x</p>" * 20_000))
    assert stories == []
    told = "a.html: a web page of over 20,000 elements; save its text, or leave it out"
    assert reasons(problems) == [(told, True)]


@pytest.mark.skipif(not (DATA / "formats/html").is_dir(), reason="no corpora here")
def test_main_texts_of_real_pages() -> None:
    truth = json.loads((DATA / "formats/html/ground-truth.json").read_bytes())
    pages = {story.id.split(".")[0]: story.text for story in read(DATA / "formats/html")[0] if story.id.endswith("html.gz")}
    scores = [f1(pages.get(name, ""), wanted["text"]) for name, wanted in truth.items()]
    assert sum(scores) / len(scores) >= 0.90


def f1(found: str, wanted: str) -> float:
    """Of two texts as multisets of words."""
    a, b = (Counter(re.findall(r"\w+", text)) for text in (found, wanted))
    return 2 * sum((a & b).values()) / max(1, sum(a.values()) + sum(b.values()))
