"""NITF and NewsML-G2: what an item says of itself, items without text, and documents made to blow up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from corpora import DATA
from read.helpers import ids, read, reasons

DOCTYPE = '<!DOCTYPE nitf SYSTEM "nitf-3-4.dtd">'
NITF = """<?xml version="1.0" encoding="{encoding}"?>{doctype}<nitf><head><title>Not this</title><docdata>
<doc-id regsrc="AG" id-string="ag-17"/><date.issue norm="20190528T081057Z"/><date.release norm="{release}"/>
<doc.copyright holder="Holder"/></docdata></head><body><body.head><hedline><hl1>After the  storm</hl1></hedline>
<byline>By A. Writer</byline><distributor>The Agency</distributor></body.head><body.content><block id="Main">
<p>One <em>stormy</em> day.</p><media media-type="image"><media-caption><p>A caption.</p></media-caption></media>
<p>Two, é &amp; all.</p></block></body.content></body></nitf>"""
ITEM = """<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:x:{guid}" version="3"><itemMeta>
<itemClass qcode="ninat:{kind}"/><provider qcode="nprov:AGY"/><versionCreated>2020-01-02T03:04:05+01:00</versionCreated>
<embargoed>2020-02-01T00:00:00Z</embargoed><pubStatus qcode="stat:{status}"/></itemMeta>
<contentMeta><headline>The headline</headline></contentMeta><contentSet>{content}</contentSet></newsItem>"""
XHTML = """<inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head>
<body><h2>Cross-head</h2><p>One.</p><p>Two<br/>three.</p></body></html></inlineXML>"""


def nitf(encoding: str = "utf-8", doctype: str = DOCTYPE, release: str = "20190528T081057Z") -> bytes:
    return NITF.format(encoding=encoding, doctype=doctype, release=release).encode(encoding)


def item(content: str, guid: int = 1, kind: str = "text", status: str = "usable") -> str:
    return ITEM.format(content=content, guid=guid, kind=kind, status=status)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "windows-1250"])
@pytest.mark.parametrize("doctype", ["", DOCTYPE])
def test_a_nitf_item_is_a_story(tmp_path: Path, encoding: str, doctype: str) -> None:
    (tmp_path / "a.xml").write_bytes(nitf(encoding, doctype))
    (story,), problems = read(tmp_path)
    assert problems == []
    assert (story.id, story.title, story.source) == ("ag-17", "After the storm", "The Agency")
    assert story.text == "One stormy day.\n\nTwo, é & all."
    assert story.published == datetime(2019, 5, 28, 8, 10, 57, tzinfo=UTC)
    assert story.origin is not None
    assert not story.origin.parts


def test_an_embargo_is_noted(tmp_path: Path) -> None:
    (tmp_path / "a.nitf").write_bytes(nitf(release="20190601T000000Z"))
    assert reasons(read(tmp_path)[1]) == [("a.nitf: embargoed until 2019-06-01T00:00:00+00:00", False)]


def test_a_newsml_item_is_a_story(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(item(XHTML))
    (story,), problems = read(tmp_path)
    assert (story.id, story.title, story.source) == ("urn:x:1", "The headline", "AGY")
    assert story.text == "Cross-head\n\nOne.\n\nTwo\n\nthree."
    assert story.published == datetime(2020, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert reasons(problems) == [("a.xml: embargoed until 2020-02-01T00:00:00+00:00", False)]


def test_a_message_holds_many(tmp_path: Path) -> None:
    inner = NITF.format(encoding="utf-8", doctype="", release="").partition("?>")[2]
    items = [
        item(XHTML),
        item("", 2, "picture"),
        item(f"<inlineXML>{inner}</inlineXML>", 3, status="canceled"),
        item("<inlineData contenttype='text/plain'>Plain.</inlineData>", 4),
        '<packageItem guid="urn:x:5"><itemMeta><itemClass qcode="ninat:composite"/></itemMeta></packageItem>',
    ]
    (tmp_path / "a.xml").write_text(f"<newsMessage><itemSet>{''.join(items)}</itemSet></newsMessage>")
    stories, problems = read(tmp_path)
    assert ids(stories) == ["urn:x:1", "urn:x:3", "urn:x:4"]
    assert [story.line for story in stories] == [1, 3, 4]
    assert all(story.origin is not None and story.origin.parts for story in stories)
    assert [reason for reason in reasons(problems) if "embargoed" not in reason[0]] == [
        ("a.xml:2: a news item without text (picture); passed over", False),
        ("a.xml:3: its status is 'canceled': it was taken back by its provider", False),
        ("a.xml:5: a package without text (composite); passed over", False),
    ]


def test_xml_of_another_kind_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<rss><channel/></rss>")
    told = "a.xml: XML of another kind, <rss>; NITF and NewsML-G2 are read"
    assert reasons(read(tmp_path)[1]) == [(told, False)]


def declaring(declared: str, used: str) -> bytes:
    return nitf(doctype=f"<!DOCTYPE nitf [{declared}]>").replace(b"Two", used.encode())


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ENTITIES = {
    "laughs": declaring(f'<!ENTITY l0 "ha">{LAUGHS}', "&l9;"),
    "quadratic": declaring(f'<!ENTITY a "{"x" * 100_000}">', "&a;" * 10_000),
    "external": declaring('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;"),
    "parameter": declaring('<!ENTITY % a SYSTEM "http://localhost:1/x.dtd"> %a;', "Two"),
}
BROKEN = {
    "cut off": nitf()[:-40],
    "deep": b"<nitf>" + b"<a>" * 150_000,
    "many attributes": b"<nitf " + b" ".join(b'a%d="1"' % n for n in range(100_000)),
    "NUL": nitf().replace(b"Two", b"T\0wo"),
    "no XML": b"just words",
    "empty": b"",
}


@pytest.mark.parametrize("kind", ENTITIES)
def test_entities_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.xml").write_bytes(ENTITIES[kind])
    (tmp_path / "b.xml").write_bytes(nitf())
    stories, problems = read(tmp_path)
    assert ids(stories) == ["ag-17"]
    told = "a.xml: XML that declares entities, which are not expanded; write out what they stand for"
    assert reasons(problems) == [(told, True)]


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_xml_fails_alone(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.xml").write_bytes(BROKEN[kind])
    (tmp_path / "b.xml").write_bytes(nitf())
    stories, problems = read(tmp_path)
    assert ids(stories) == ["ag-17"]
    assert [problem.failed for problem in problems] == [True]
    assert "not well-formed XML: " in problems[0].reason


def test_deep_and_crowded_documents(tmp_path: Path) -> None:
    deep = "<em>" * 50_000 + "word" + "</em>" * 50_000
    (tmp_path / "a.xml").write_bytes(nitf().replace(b"Two", deep.encode()))
    (tmp_path / "b.xml").write_bytes(b"<nitf>" + b"<a/>" * 200_000 + b"</nitf>")
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["One stormy day.\n\nword, é & all."]
    assert reasons(problems) == [("b.xml: XML of over 200,000 elements; leave it out, or split it", True)]


@pytest.mark.skipif(not (DATA / "formats/nitf").is_dir(), reason="no corpora here")
def test_real_items() -> None:
    stories, problems = read(DATA / "formats/nitf", DATA / "formats/newsml_g2")
    assert not any(problem.failed for problem in problems)
    assert all(story.title and len(story.text) > 200 for story in stories)
    # Of the samples of NewsML-G2, two hold prose: the others describe pictures, packages, concepts and scores.
    assert len(stories) == 4
    assert sum(story.published is not None for story in stories) >= 3
