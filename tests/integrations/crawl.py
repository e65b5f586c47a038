"""A crawl in a process of its own, as ``scrapy crawl`` would run it: ``python crawl.py PLAN.json``.

The plan has ``site``; ``spiders``, to each name the path of the page that lists its pages; ``kind``, what items are;
``times``, how often each page is fetched; ``settings``; and may ask for ``fails_once``. What each spider passed is printed
as JSON, with its statistics.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import attrs
import scrapy
from itemadapter import ItemAdapter
from scrapy import signals
from scrapy.crawler import CrawlerProcess


class Article(scrapy.Item):  # type: ignore[misc, unused-ignore]
    url = scrapy.Field()
    title = scrapy.Field()
    text = scrapy.Field()
    published = scrapy.Field()
    dedup = scrapy.Field()


@dataclass
class ArticleData:
    url: str
    title: str
    text: str
    published: str
    dedup: dict[str, Any] | None = field(default=None)


@attrs.define
class ArticleAttrs:
    url: str
    title: str
    text: str
    published: str
    dedup: dict[str, Any] | None = None


KINDS: dict[str, Any] = {"dict": dict, "item": Article, "dataclass": ArticleData, "attrs": ArticleAttrs}


class Wire(scrapy.Spider):
    """Fetches the pages that a page lists, in their order."""

    name = "wire"
    kind: str
    times: int

    def parse(self, response: Any) -> Iterator[Any]:
        links = response.css("a::attr(href)").getall() * self.times
        for number, link in enumerate(links):
            yield response.follow(link, self.parse_article, priority=-number, dont_filter=True)

    def parse_article(self, response: Any) -> Any:
        return KINDS[self.kind](
            url=response.url,
            title=response.css("title::text").get(),
            text=response.css("article p::text").getall(),
            published=response.css("time::attr(datetime)").get(),
        )


class FailsOnce:
    """Loses every item the first time."""

    def __init__(self) -> None:
        self.met: set[str] = set()

    def process_item(self, item: Any, spider: object = None) -> Any:
        url = ItemAdapter(item)["url"]
        if url not in self.met:
            self.met.add(url)
            raise RuntimeError("the store is away")
        return item


def main(plan: dict[str, Any]) -> None:
    settings = {
        "LOG_LEVEL": "WARNING",
        "TELNETCONSOLE_ENABLED": False,
        "CONCURRENT_REQUESTS": 1,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": False,
        "ITEM_PIPELINES": {"dedup.integrations.scrapy_pipeline.DedupPipeline": 300},
        **plan["settings"],
    }
    if plan.get("fails_once"):
        settings["ITEM_PIPELINES"] = {**settings["ITEM_PIPELINES"], FailsOnce: 400}
    process = CrawlerProcess(settings)
    passed: dict[str, list[dict[str, Any]]] = {}
    crawlers = {}
    for name, path in plan["spiders"].items():
        crawler = crawlers[name] = process.create_crawler(type(name, (Wire,), {"name": name}))
        mine = passed.setdefault(name, [])

        def on_item(item: Any, mine: list[dict[str, Any]] = mine) -> None:
            mine.append(ItemAdapter(item).asdict())

        crawler.signals.connect(on_item, signals.item_scraped, weak=False)
        process.crawl(
            crawler,
            start_urls=[plan["site"] + path],
            kind=plan.get("kind", "dict"),
            times=plan.get("times", 1),
        )
    process.start()
    stats = {name: crawler.stats.get_stats() if crawler.stats else {} for name, crawler in crawlers.items()}
    ours = {name: {key: value for key, value in each.items() if key.startswith("dedup/")} for name, each in stats.items()}
    print(json.dumps({"passed": passed, "stats": ours, "failed": process.bootstrap_failed}))


if __name__ == "__main__":
    logging.captureWarnings(True)
    main(json.loads(Path(sys.argv[1]).read_text()))
