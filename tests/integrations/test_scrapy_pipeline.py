"""The Scrapy pipeline in real crawls of a small site on loopback, each in a process of its own, and its settings."""

from __future__ import annotations

import asyncio
import html
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from corpora import fixture_texts
from scrapy.exceptions import DropItem, NotConfigured
from scrapy.settings import Settings

from dedup.errors import IndexFault, UsageError
from dedup.integrations.scrapy_pipeline import DedupPipeline, options_of
from dedup.prefilter import open_index
from dedup.story import Relation, Story, Verdict

CRAWL = Path(__file__).with_name("crawl.py")
R = Relation
PAGES = (
    "contained/lost-map.txt contained/lost-map-brief.txt identical/ferry-crew-honoured.txt "
    "identical/ferry-crew-honoured-resent.txt near-duplicate/flood-aid.txt near-duplicate/flood-aid-corrected.txt "
    "near-duplicate/tram-opening-morning.txt near-duplicate/tram-opening-evening.txt template/river-levels-lower-esker.txt "
    "template/river-levels-upper-tamble.txt shared-passage/strait-statement-coastal-herald.txt "
    "shared-passage/strait-statement-northern-ledger.txt unrelated/toll-road-vote.txt edge/empty.txt"
).split()
TEXTS = {name: "\n".join(fixture_texts()[name].split("\n\n")) for name in PAGES}
MIRROR = PAGES[::-1]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages below /wire, and again in the other order below /mirror."""
    root = tmp_path_factory.mktemp("site")
    for part, pages in (("wire", PAGES), ("mirror", MIRROR)):
        links = "".join(f'<li><a href="{Path(page).stem}.html">{page}</a>' for page in pages)
        (root / part).mkdir()
        (root / part / "index.html").write_text(f"<ul>{links}</ul>")
        for page in pages:
            paragraphs = "".join(f"<p>{html.escape(words)}</p>" for words in TEXTS[page].split("\n"))
            head = f'<meta charset="utf-8"><title>{page}</title><time datetime="2024-05-0{1 + len(page) % 9}"></time>'
            (root / part / f"{Path(page).stem}.html").write_text(f"<!doctype html>{head}<article>{paragraphs}</article>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=root)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def crawling(folder: Path, site: str, name: str = "plan", **plan: Any) -> subprocess.Popen[str]:
    settings = {"DEDUP_INDEX": str(folder / "wire.db")} | plan.pop("settings", {})
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"site": site, "spiders": {"wire": "/wire/"}, "settings": settings} | plan))
    return subprocess.Popen([sys.executable, CRAWL, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1]), err


def crawl(folder: Path, site: str, **plan: Any) -> tuple[list[dict[str, Any]], dict[str, int], str]:
    """What the one spider passed, its statistics, and the log."""
    result, log = finished(crawling(folder, site, **plan))
    return result["passed"]["wire"], {key.removeprefix("dedup/"): n for key, n in result["stats"]["wire"].items()}, log


def url_of(site: str, page: str, part: str = "wire") -> str:
    return f"{site}/{part}/{Path(page).stem}.html"


def urls(items: list[dict[str, Any]]) -> list[str]:
    """Sorted: an item without text overtakes those that are looked up."""
    return sorted(item["url"] for item in items)


def verdicts(folder: Path, site: str) -> dict[str, Verdict]:
    """What the index itself says of the pages, one after the other."""
    with open_index(folder / "by hand.db") as index:
        stories = [Story(id=url_of(site, page), text=TEXTS[page]) for page in PAGES if TEXTS[page].strip()]
        return {story.id: index.add(story) for story in stories}


def expected_stats(found: dict[str, Verdict], done: str) -> dict[str, int]:
    repeated = [verdict for verdict in found.values() if not verdict.new]
    relations = Counter(f"{done}/{verdict.relation}" for verdict in repeated)
    return {"new": len(found) - len(repeated), done: len(repeated), "no_text": 1, **relations}


@pytest.mark.parametrize("kind", ["dict", "dataclass", "attrs", "item"])
def test_repeated_stories_are_dropped(tmp_path: Path, site: str, kind: str) -> None:
    passed, stats, log = crawl(tmp_path, site, kind=kind)
    expected = verdicts(tmp_path, site)
    assert {verdict.relation for verdict in expected.values() if not verdict.new} == {
        R.IDENTICAL,
        R.NEAR_DUPLICATE,
        R.CONTAINED,
    }
    new = [url_of(site, page) for page in PAGES if page == "edge/empty.txt" or expected[url_of(site, page)].new]
    assert urls(passed) == sorted(new)
    assert all(item.get("dedup") is None for item in passed)
    assert stats == expected_stats(expected, "dropped")
    brief = expected[url_of(site, "contained/lost-map-brief.txt")]
    assert f"Dropped: contained of {brief.duplicate_of!r} (Jaccard {brief.jaccard:.2f})" in log


@pytest.mark.parametrize("kind", ["dict", "dataclass", "item"])
def test_every_item_is_annotated(tmp_path: Path, site: str, kind: str) -> None:
    passed, stats, _ = crawl(tmp_path, site, kind=kind, settings={"DEDUP_ACTION": "annotate"})
    expected = verdicts(tmp_path, site)
    assert urls(passed) == sorted(url_of(site, page) for page in PAGES)
    for item in passed:
        if item["url"] not in expected:  # the empty page
            assert item.get("dedup") is None
            continue
        note, verdict = item["dedup"], expected[item["url"]]
        answer = (verdict.new, verdict.duplicate_of, verdict.relation, verdict.jaccard, False)
        assert (note["new"], note["duplicate_of"], note["relation"], note["jaccard"], note["seen"]) == answer
        assert [pair["b"] for pair in note["overlaps"]] == [pair.b for pair in verdict.overlaps]
    assert stats == expected_stats(expected, "annotated")


@pytest.mark.parametrize(
    "loop",
    [
        {"TWISTED_REACTOR": "twisted.internet.selectreactor.SelectReactor"},
        {"TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor"},
    ],
    ids=["select", "asyncio"],
)
def test_a_second_crawl_gets_the_answers_of_the_first(tmp_path: Path, site: str, loop: dict[str, Any]) -> None:
    first, before, _ = crawl(tmp_path, site, settings=loop)
    second, stats, _ = crawl(tmp_path, site, settings=loop)
    assert urls(second) == urls(first)
    assert stats.pop("seen") == before.pop("new") + before["dropped"]
    assert stats == before


def test_a_story_lost_further_on_passes_when_it_comes_again(tmp_path: Path, site: str) -> None:
    """scrapy-redis #177."""
    passed, stats, log = crawl(tmp_path, site, fails_once=True, times=2)
    expected = verdicts(tmp_path, site)
    new = [url_of(site, page) for page in PAGES if page == "edge/empty.txt" or expected[url_of(site, page)].new]
    assert urls(passed) == sorted(new)
    assert log.count("the store is away") >= len(new)
    assert stats["seen"] == len(expected)
    assert stats["new"] == len(new) - 1


@pytest.mark.parametrize("processes", [1, 2])
def test_two_spiders_at_once_on_one_index(tmp_path: Path, site: str, processes: int) -> None:
    """Each story passes once, at the one spider or at the other."""
    spiders = {"wire": "/wire/", "mirror": "/mirror/"}
    if processes == 1:
        results = [finished(crawling(tmp_path, site, spiders=spiders))[0]]
    else:
        running = [crawling(tmp_path, site, name, spiders={name: path}) for name, path in spiders.items()]
        results = [finished(process)[0] for process in running]
    passed = Counter(Path(item["url"]).stem for result in results for items in result["passed"].values() for item in items)
    stats: Counter[str] = Counter()
    for result in results:
        for each in result["stats"].values():
            stats.update(each)
    alike = [{"ferry-crew-honoured", "ferry-crew-honoured-resent"}, {"flood-aid", "flood-aid-corrected"}]
    alike += [{"tram-opening-morning", "tram-opening-evening"}, *({Path(page).stem} for page in PAGES[8:-1])]
    assert [sum(passed[name] for name in names) for names in alike] == [1] * len(alike)
    assert passed["lost-map"] == 1
    assert passed["lost-map-brief"] <= 1  # new if it came before the whole story
    assert passed["empty"] == 2
    assert stats["dedup/failed"] == 0
    assert stats["dedup/new"] + stats["dedup/dropped"] == 2 * (len(PAGES) - 1)
    with open_index(tmp_path / "wire.db", create=False) as index:
        assert index.faults() == []
        assert index.info().kept == stats["dedup/new"]


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0 a picture" * 500, None], ids=["a picture", "a folder"])
def test_an_index_that_cannot_be_opened_ends_the_crawl(tmp_path: Path, site: str, content: bytes | None) -> None:
    index = tmp_path / "wire.db"
    if content is None:
        index.mkdir()
    else:
        index.write_bytes(content)
    result, log = finished(crawling(tmp_path, site))
    assert result["passed"] == {"wire": []}
    assert "IndexFault: " in log


def test_without_an_index_scrapy_says_that_it_is_off(tmp_path: Path, site: str) -> None:
    passed, stats, log = crawl(tmp_path, site, settings={"DEDUP_INDEX": ""})
    assert len(passed) == len(PAGES)
    assert stats == {}
    assert "Disabled dedup.integrations.scrapy_pipeline.DedupPipeline: DEDUP_INDEX is not set" in log


def test_a_misspelt_setting_ends_the_crawl(tmp_path: Path, site: str) -> None:
    result, log = finished(crawling(tmp_path, site, settings={"DEDUP_INDX": "x"}))
    assert result["passed"] == {"wire": []}
    assert "UsageError: DEDUP_INDX: no such setting; did you mean 'DEDUP_INDEX'?" in log


def test_a_misspelt_field_is_told(tmp_path: Path, site: str) -> None:
    passed, stats, log = crawl(tmp_path, site, settings={"DEDUP_FIELDS": {"text": "bdoy"}})
    assert len(passed) == stats["no_text"] == len(PAGES)
    assert "no item had text in its field 'bdoy': all passed without a look; name it in DEDUP_FIELDS" in log


# Settings and items, without a crawl.


class Stats(Counter[str]):
    def inc_value(self, key: str) -> None:
        self[key] += 1

    def get_value(self, key: str, default: int) -> int:
        return self.get(key, default)


def pipeline(folder: Path, **settings: Any) -> DedupPipeline:
    crawler: Any = SimpleNamespace(
        settings=Settings({"DEDUP_INDEX": str(folder / "wire.db"), **settings}),
        stats=Stats(),
        spider=SimpleNamespace(name="wire"),
    )
    made = DedupPipeline.from_crawler(crawler)
    made.open_spider()
    return made


def told(made: DedupPipeline) -> dict[str, int]:
    stats: Any = made._crawler.stats
    return {key.removeprefix("dedup/"): count for key, count in stats.items()}


def stories_of(made: DedupPipeline, item: Any, monkeypatch: pytest.MonkeyPatch) -> list[Story]:
    met: list[Story] = []

    def add(story: Story) -> Verdict:
        met.append(story)
        return Verdict(id=story.id, new=True)

    assert made._index
    monkeypatch.setattr(made._index, "add", add)
    asyncio.run(made.process_item(item))
    made.close_spider()
    return met


LEAD = "The two ministers signed a joint statement on shared fishing rights"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("settings", "item", "expected"),
    [
        (
            {},
            {"url": "u", "text": LEAD, "title": "T", "published": "2024-05-01T12:00:00Z"},
            Story(id="u", text=LEAD, title="T", source="wire", url="u", published=NOON),
        ),
        ({}, {"id": 17, "url": "u", "text": LEAD}, Story(id="17", text=LEAD, source="wire", url="u")),
        ({}, {"id": "", "url": ["u"], "text": ["a", "b"]}, Story(id="u", text="a\nb", source="wire", url="u")),
        ({}, {"id": "i", "text": LEAD, "published": NOON}, Story(id="i", text=LEAD, source="wire", published=NOON)),
        (
            {"DEDUP_FIELDS": '{"text": "body", "source": "outlet", "id": "guid", "published": "on"}'},
            {"guid": "g", "body": LEAD, "outlet": "AP", "on": date(2024, 5, 1), "id": "no"},
            Story(id="g", text=LEAD, source="AP", published=datetime(2024, 5, 1, tzinfo=UTC)),
        ),
    ],
)
def test_items_become_stories(
    tmp_path: Path, settings: Any, item: Any, expected: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stories_of(pipeline(tmp_path, **settings), item, monkeypatch) == [expected]


@pytest.mark.parametrize("published", ["0000-00-00", "soon", {"year": 2024}, True])
def test_a_bad_date_is_counted(tmp_path: Path, published: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pipeline(tmp_path)
    (story,) = stories_of(made, {"id": "i", "text": LEAD, "published": published}, monkeypatch)
    assert story.published is None
    assert told(made) == {"bad_date": 1, "new": 1}


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({"text": LEAD}, "item without 'id' and 'url': needs one of them"),
        ({"text": LEAD.encode(), "id": "a"}, "item's field 'text': is a bytes, no text"),
        ({"text": {"en": LEAD}, "id": "a"}, "item's field 'text': is a dict, no text"),
        ({"text": LEAD, "id": 1.5}, "item's field 'id': is a float, no text"),
    ],
)
def test_an_item_that_cannot_be_judged_fails(tmp_path: Path, item: Any, why: str) -> None:
    made = pipeline(tmp_path)
    with pytest.raises(UsageError, match=why):
        asyncio.run(made.process_item(item))
    made.close_spider()
    assert told(made) == {"failed": 1}


@pytest.mark.parametrize("text", [None, "", " \n", []])
def test_an_item_without_text_passes(tmp_path: Path, text: Any) -> None:
    made, item = pipeline(tmp_path), {"text": text}
    assert asyncio.run(made.process_item(item)) is item
    made.close_spider()
    assert told(made) == {"no_text": 1}


def test_a_look_up_that_fails_is_never_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Story) -> Verdict:
        raise IndexFault("'wire.db': is damaged; restore a copy")

    made = pipeline(tmp_path)
    assert made._index
    monkeypatch.setattr(made._index, "add", fail)
    with pytest.raises(IndexFault, match="is damaged"):
        asyncio.run(made.process_item({"id": "a", "text": LEAD}))
    made.close_spider()
    assert told(made) == {"failed": 1}


def test_words_that_changed_are_judged_anew(tmp_path: Path) -> None:
    made = pipeline(tmp_path)
    asyncio.run(made.process_item({"id": "a", "text": LEAD}))
    asyncio.run(made.process_item({"id": "a", "text": LEAD + " on Monday, and left at once"}))
    with pytest.raises(DropItem, match=r"identical of 'a' \(Jaccard 1\.00\)"):
        asyncio.run(made.process_item({"id": "b", "text": LEAD + " on Monday and left at once"}))
    made.close_spider()
    assert told(made) == {"new": 2, "replaced": 1, "dropped": 1, "dropped/identical": 1}


def test_the_reactor_goes_on_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, ticks = pipeline(tmp_path), 0

    def add(story: Story) -> Verdict:
        time.sleep(0.3)
        return Verdict(id=story.id, new=True)

    assert made._index
    monkeypatch.setattr(made._index, "add", add)

    async def both() -> None:
        nonlocal ticks
        task = asyncio.create_task(made.process_item({"id": "a", "text": LEAD}))
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        await task

    asyncio.run(both())
    made.close_spider()
    assert ticks > 5


def test_an_item_without_the_field_for_the_verdict_fails(tmp_path: Path) -> None:
    made = pipeline(tmp_path, DEDUP_ACTION="annotate", DEDUP_ANNOTATE_FIELD="verdict")
    plain = asyncio.run(made.process_item({"id": "a", "text": LEAD}))
    assert plain["verdict"]["new"]
    item = SCRAPY_ITEM(id="b", text=LEAD)
    with pytest.raises(UsageError, match="item of TextItem: has no field 'verdict' for the verdict; declare it"):
        asyncio.run(made.process_item(item))
    made.close_spider()
    assert told(made) == {"new": 1, "failed": 1}


def _scrapy_item() -> Any:
    import scrapy

    return type("TextItem", (scrapy.Item,), {"id": scrapy.Field(), "text": scrapy.Field()})


SCRAPY_ITEM = _scrapy_item()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"DEDUP_FEILDS": {}}, "DEDUP_FEILDS: no such setting; did you mean 'DEDUP_FIELDS'?"),
        ({"DEDUP_WHATEVER_ELSE": 1}, "DEDUP_WHATEVER_ELSE: no such setting; there are 'DEDUP_INDEX', "),
        ({"DEDUP_ACTION": "mark"}, "DEDUP_ACTION 'mark': not known; give 'drop' or 'annotate'"),
        ({"DEDUP_FIELDS": {"txet": "body"}}, "DEDUP_FIELDS: 'txet': no such part of a story; did you mean 'text'?"),
        ({"DEDUP_FIELDS": {"text": 3}}, "DEDUP_FIELDS: 'text' is 3; give the name of the item's field"),
        ({"DEDUP_FIELDS": "text=body"}, "DEDUP_FIELDS: .*; give a dict such as {'text': 'body'}"),
        ({"DEDUP_TTL": "a month"}, "DEDUP_TTL 'a month': give a number and a unit, s, m, h, d or w, such as '30d'"),
        ({"DEDUP_WINDOW": 7}, "DEDUP_WINDOW 7: give a number and a unit"),
        ({"DEDUP_RELAXED": "perhaps"}, "DEDUP_RELAXED 'perhaps': give True or False"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], why: str) -> None:
    for index in ({"DEDUP_INDEX": "wire.db"}, {}):
        error = UsageError if index or "no such setting" in why else NotConfigured
        with pytest.raises(error, match=why.replace("?", r"\?") if error is UsageError else "DEDUP_INDEX is not set"):
            options_of(Settings({**index, **settings}))


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"DEDUP_DROP": ["template"]}, "never a reason to drop"), ({"DEDUP_TTL": timedelta()}, "ttl 0:00:00: must be above")],
)
def test_settings_that_the_index_refuses(tmp_path: Path, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        pipeline(tmp_path, **settings)


def test_settings_as_the_command_line_gives_them() -> None:
    options = options_of(
        Settings(
            {
                "DEDUP_INDEX": "w.db",
                "DEDUP_TTL": "30d",
                "DEDUP_WINDOW": timedelta(hours=3),
                "DEDUP_DROP": "identical, contained",
            }
        )
    )
    assert (options.ttl, options.window, options.drop) == (timedelta(30), timedelta(hours=3), ("identical", "contained"))
    assert not options.relaxed
    assert options_of(Settings({"DEDUP_INDEX": "w.db", "DEDUP_DROP": "", "DEDUP_RELAXED": "1"}))[-2:] == ((), True)


def test_without_scrapy_the_line_that_brings_it() -> None:
    code = (
        "import sys; sys.modules['scrapy'] = sys.modules['scrapy.crawler'] = None\n"
        "try: import dedup.integrations.scrapy_pipeline\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "UsageError the Scrapy pipeline needs Scrapy: pip install 'wire-dedup[scrapy]'\n"


def test_importing_it_installs_no_reactor() -> None:
    code = "import sys, dedup.integrations.scrapy_pipeline; print('twisted.internet.reactor' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
