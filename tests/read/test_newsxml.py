"""NITF, NewsML-G2 and feeds: what an item says of itself, items without text, and how documents are encoded."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from corpora import DATA
from read.helpers import ids, read, reasons

from dedup.story import Story

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


def declaring(declared: str, used: str) -> bytes:
    """An item whose DOCTYPE declares something that its text uses."""
    return nitf(doctype=f"<!DOCTYPE nitf [{declared}]>").replace(b"Two", used.encode())


def with_body(body: str) -> str:
    return f"<nitf><body><body.head><hl2>Deck</hl2></body.head><body.content>{body}</body.content></body></nitf>"


def one(folder: Path, content: str | bytes, name: str = "a.xml") -> Story:
    """The only story of a document that has nothing to be said of."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (story,), problems = read(folder)
    assert problems == []
    return story


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "utf-16", "utf-32", "windows-1250", "koi8-r"])
@pytest.mark.parametrize("doctype", ["", DOCTYPE])
def test_a_nitf_item_is_a_story(tmp_path: Path, encoding: str, doctype: str) -> None:
    accent = "\u0436" if encoding == "koi8-r" else "é"
    content = nitf(doctype=doctype).decode().replace("é", accent).replace('encoding="utf-8"', f'encoding="{encoding}"')
    story = one(tmp_path, content.encode(encoding))
    assert (story.id, story.title, story.source) == ("ag-17", "After the storm", "The Agency")
    assert story.text == f"One stormy day.\n\nTwo, {accent} & all."
    assert story.published == datetime(2019, 5, 28, 8, 10, 57, tzinfo=UTC)
    assert story.origin is not None
    assert (story.line, story.origin.parts) == (0, False)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_need_no_mark(tmp_path: Path, encoding: str) -> None:
    assert one(tmp_path, nitf(encoding)).text == "One stormy day.\n\nTwo, é & all."


@pytest.mark.parametrize(
    ("declared", "encoding", "read_as", "said"),
    [
        ("utf-16", "utf-8", "é", None),
        ("x-unknown", "utf-8", "é", None),
        ("shift_jis", "utf-8", "é", None),
        ("utf-8", "latin-1", "\ufffd", "1 byte was not UTF-8 and read as U+FFFD"),
        ("x-unknown", "latin-1", "\ufffd", "1 byte was not UTF-8 and read as U+FFFD"),
        ("rot13", "latin-1", "\ufffd", "1 byte was not UTF-8 and read as U+FFFD"),
    ],
)
def test_a_declared_encoding_may_be_wrong(
    tmp_path: Path, declared: str, encoding: str, read_as: str, said: str | None
) -> None:
    content = nitf().decode().replace('encoding="utf-8"', f'encoding="{declared}"').encode(encoding)
    (tmp_path / "a.xml").write_bytes(content)
    (story,), problems = read(tmp_path)
    assert story.text == f"One stormy day.\n\nTwo, {read_as} & all."
    assert reasons(problems) == ([(f"a.xml: {said}", False)] if said else [])


def test_what_xml_cannot_hold_is_read_as_replacements(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(nitf().replace(b"Two", b"T\0wo\x1b\x1b"))
    (story,), problems = read(tmp_path)
    assert story.text.endswith("T\ufffdwo\ufffd\ufffd, é & all.")
    assert reasons(problems) == [("a.xml: 3 characters that XML cannot hold read as U+FFFD", False)]


def test_what_the_text_of_a_nitf_item_is(tmp_path: Path) -> None:
    story = one(
        tmp_path,
        with_body(
            "<block><byline>By A. Writer</byline><dateline><location>TOWN</location></dateline><hl2>Cross-head</hl2>"
            "<p>\n  One\n two<br/>three. </p><!-- not this --><?nor this?><p/><p> </p>"
            "<ol><li>A</li><li>B <em>C</em>D</li></ol>"
            "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>"
            "<media><media-reference/><media-caption><p>Seen.</p></media-caption></media><p>End.</p></block>"
        ),
    )
    assert story.text == "Cross-head\n\nOne two\nthree.\n\nA\nB CD\n\n1 2\n3\n\nEnd."
    assert (story.id, story.title, story.source, story.published) == ("a.xml", None, None, None)


def test_entities_of_the_dtd_that_is_not_read(tmp_path: Path) -> None:
    story = one(tmp_path, '<!DOCTYPE nitf SYSTEM "nitf.dtd">' + with_body("<p>caf&eacute; &amp; &unheard; &#8211;</p>"))
    assert story.text == "café & &unheard; –"


@pytest.mark.parametrize(
    ("head", "published"),
    [
        ('<story.date norm="20190102"/>', datetime(2019, 1, 2, tzinfo=UTC)),
        ("<story.date>2 January 2019</story.date>", datetime(2019, 1, 2, tzinfo=UTC)),
        ('<pubdata date.publication="20190102T030405+0100"/>', datetime(2019, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ('<date.issue norm=""/><date.release norm="20190102"/>', datetime(2019, 1, 2, tzinfo=UTC)),
        ('<date.issue norm="20190102"/><story.date norm="20180101"/>', datetime(2019, 1, 2, tzinfo=UTC)),
    ],
)
def test_dates_of_nitf(tmp_path: Path, head: str, published: datetime) -> None:
    assert one(tmp_path, with_body("<p>Text.</p>").replace("<body>", f"<head>{head}</head><body>")).published == published


@pytest.mark.parametrize(
    ("head", "outlet"),
    [
        ('<doc.copyright holder="The Holder"/>', "The Holder"),
        ('<pubdata name="The Paper"/>', "The Paper"),
        ('<doc.copyright holder="The Holder"/><distributor>An <org>Agency</org></distributor>', "An Agency"),
    ],
)
def test_sources_of_nitf(tmp_path: Path, head: str, outlet: str) -> None:
    assert one(tmp_path, with_body("<p>Text.</p>").replace("<body>", f"<head>{head}</head><body>")).source == outlet


def test_what_a_nitf_item_says_to_editors(tmp_path: Path) -> None:
    said = '<du-key generation="3" key="STORM"/><ed-msg info="Eds: hold."/><date.issue norm="no day"/>'
    (tmp_path / "a.xml").write_text(with_body("<p>Text.</p>").replace("<body>", f"<head>{said}</head><body>"))
    (tmp_path / "b.nitf").write_bytes(nitf(release="20190601T000000Z"))
    stories, problems = read(tmp_path)
    assert [story.published is None for story in stories] == [True, False]
    assert reasons(problems) == [
        ("a.xml: date not understood: 'no day'; the story is read without one", False),
        ("a.xml: it is update 3 of 'STORM'; a message to editors: 'Eds: hold.'", False),
        ("b.nitf: embargoed until 2019-06-01T00:00:00+00:00", False),
    ]


def test_a_nitf_item_without_text(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(with_body("<media><media-caption>Seen.</media-caption></media>"))
    assert reasons(read(tmp_path)[1]) == [("a.xml: a NITF item without text; passed over", False)]


def test_a_newsml_item_is_a_story(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(item(XHTML))
    (story,), problems = read(tmp_path)
    assert (story.id, story.title, story.source) == ("urn:x:1", "The headline", "AGY")
    assert story.text == "Cross-head\n\nOne.\n\nTwo\nthree."
    assert story.published == datetime(2020, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert reasons(problems) == [("a.xml: embargoed until 2020-02-01T00:00:00+00:00; it is version 3", False)]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('<x:inlineXML xmlns:x="urn:x"><x:p>One.</x:p><x:p>Two.</x:p></x:inlineXML>', "One.\n\nTwo."),
        ("<inlineXML><div><p>One.</p></div></inlineXML>", "One."),
        ("<inlineXML><scores><p>1</p></scores></inlineXML><inlineData>One\n two. </inlineData>", "One\n two."),
        (
            '<inlineData contenttype="text/html">&lt;p&gt;One &amp;amp; two.&lt;p&gt;Three.</inlineData>',
            "One & two.\n\nThree.",
        ),
        (
            "<remoteContent href='a.jpg'/><inlineXML><!-- empty --></inlineXML><inlineXML><body>One.</body></inlineXML>",
            "One.",
        ),
    ],
)
def test_text_in_newsml(tmp_path: Path, content: str, text: str) -> None:
    assert one(tmp_path, f'<newsItem guid="urn:x:1"><contentSet>{content}</contentSet></newsItem>').text == text


@pytest.mark.parametrize(
    ("provider", "outlet"),
    [
        ('<provider qcode="p:A"><name> An  Agency</name></provider>', "An Agency"),
        ('<provider literal="agency.example"/>', "agency.example"),
        ('<provider uri="http://agency.example/"/>', "http://agency.example/"),
        ("<provider/>", None),
    ],
)
def test_providers_in_newsml(tmp_path: Path, provider: str, outlet: str | None) -> None:
    content = f"<newsItem><itemMeta>{provider}</itemMeta><contentSet><inlineData>One.</inlineData></contentSet></newsItem>"
    story = one(tmp_path, content)
    assert (story.source, story.id) == (outlet, "a.xml")


def test_what_newsml_says_to_editors(tmp_path: Path) -> None:
    meta = (
        '<embargoed/><edNote>Hold  this.</edNote><signal qcode="sig:correction"/><pubStatus uri="http://x/stat/withheld"/>'
    )
    content = f"<itemMeta>{meta}</itemMeta><contentSet><inlineData>One.</inlineData></contentSet>"
    (tmp_path / "a.xml").write_text(f"<newsItem>{content}</newsItem>")
    told = (
        "a.xml: its status is 'withheld': it was taken back by its provider; embargoed until further notice; "
        "it is a correction; a message to editors: 'Hold this.'"
    )
    assert reasons(read(tmp_path)[1]) == [(told, False)]


def test_a_message_holds_many(tmp_path: Path) -> None:
    inner = NITF.format(encoding="utf-8", doctype="", release="").partition("?>")[2]
    items = [
        item(XHTML),
        item("", 2, "picture"),
        item(f"<inlineXML>{inner}</inlineXML>", 3, status="canceled"),
        item("<inlineData contenttype='text/plain'>Plain.</inlineData>", 4),
        '<packageItem guid="urn:x:5"><itemMeta><itemClass qcode="ninat:composite"/></itemMeta></packageItem>',
        item('<inlineData encoding="encd:b64">UGxhaW4u</inlineData>', 6),
        "<newsItem><contentSet><inlineData>Nameless.</inlineData></contentSet></newsItem>",
        "<planningItem/>",
    ]
    (tmp_path / "a.xml").write_text(f"<newsMessage><itemSet>{''.join(items)}</itemSet></newsMessage>")
    stories, problems = read(tmp_path)
    assert ids(stories) == ["urn:x:1", "urn:x:3", "urn:x:4", "a.xml#7"]
    assert [story.line for story in stories] == [1, 3, 4, 7]
    assert [story.text for story in stories[1:]] == ["One stormy day.\n\nTwo, é & all.", "Plain.", "Nameless."]
    assert all(story.origin is not None and story.origin.parts for story in stories)
    embargo = "embargoed until 2020-02-01T00:00:00+00:00; it is version 3"
    assert reasons(problems) == [
        (f"a.xml:1: {embargo}", False),
        ("a.xml:2: a news item without text (picture); passed over", False),
        (f"a.xml:3: its status is 'canceled': it was taken back by its provider; {embargo}", False),
        (f"a.xml:4: {embargo}", False),
        ("a.xml:5: a package without text (composite); passed over", False),
        ("a.xml:6: a news item in an encoding that is not read (text); passed over", False),
        ("a.xml:8: a planning item without text; passed over", False),
    ]


def test_a_message_of_one_is_that_story(tmp_path: Path) -> None:
    story = one(tmp_path, "<newsMessage><itemSet>" + with_body("<p>One.</p>") + "</itemSet></newsMessage>")
    assert (story.id, story.line, story.origin and story.origin.parts) == ("a.xml", 0, False)


RSS = """<rss xmlns:content="c" xmlns:media="m"><channel><title>The Outlet</title><image><title>Logo</title></image>
<item><title>One &amp;amp; only</title><link>http://x/1</link><guid>g1</guid><pubDate>Wed, 02 Jan 2019 03:04:05 GMT</pubDate>
<description>Teaser.</description><content:encoded><![CDATA[<p>Full <b>text</b>.</p><!-- no --><script>x</script>
<p>More &eacute;.]]></content:encoded></item>
<item><media:title>Not this</media:title><link>http://x/2</link><description>Two.</description></item>
<item><title>No more than this</title></item><item><description>Four.</description></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>A Site</title><entry><id>urn:1</id><title>Title</title>
<link rel="self" href="http://x/self"/><link href="http://x/a"/><published>2019-01-01T00:00:00Z</published>
<updated>2019-01-02T00:00:00Z</updated><content type="xhtml"><div><p>One.</p><p>Two.</p></div></content></entry></feed>"""


@pytest.mark.parametrize("name", ["a.rss", "a.xml"])
def test_the_entries_of_a_feed_are_stories(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(RSS)
    stories, problems = read(tmp_path)
    assert ids(stories) == ["g1", "http://x/2", f"{name}#4"]
    assert [story.text for story in stories] == ["Full text.\n\nMore é.", "Two.", "Four."]
    first = stories[0]
    assert (first.title, first.url, first.source) == ("One & only", "http://x/1", "The Outlet")
    assert first.published == datetime(2019, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert [story.title for story in stories[1:]] == [None, None]
    assert [story.line for story in stories] == [1, 2, 4]
    assert all(story.origin is not None and story.origin.parts for story in stories)
    assert reasons(problems) == [(f"{name}:3: an entry without text; passed over", False)]


PREFIXED = re.sub(r"<(/?)(?=[^/d?p]|published)", r"<\1atom:", ATOM.replace("xmlns=", "xmlns:atom="))


@pytest.mark.parametrize("content", [ATOM, PREFIXED])
def test_atom(tmp_path: Path, content: str) -> None:
    story = one(tmp_path, content, "a.atom")
    assert (story.id, story.title, story.url, story.source) == ("urn:1", "Title", "http://x/a", "A Site")
    assert (story.text, story.published) == ("One.\n\nTwo.", datetime(2019, 1, 2, tzinfo=UTC))


def test_an_empty_feed_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.rss").write_text("<rss><channel><title>T</title></channel></rss>")
    assert read(tmp_path) == ([], [])


@pytest.mark.parametrize("root", ["svg", "sitemap:urlset"])
def test_xml_of_another_kind_is_passed_over(tmp_path: Path, root: str) -> None:
    (tmp_path / "a.xml").write_text(f"<{root}><channel/></{root}>")
    told = f"a.xml: XML of another kind, <{root.rpartition(':')[2]}>; NITF, NewsML-G2, RSS and Atom are read"
    assert reasons(read(tmp_path)[1]) == [(told, False)]


@pytest.mark.parametrize("content", [RSS, ATOM, item(XHTML), nitf().decode()])
def test_xml_is_known_by_its_content(tmp_path: Path, content: str) -> None:
    (tmp_path / "download").write_text(content)
    (story, *_), _ = read(tmp_path / "download")
    assert story.id in ("g1", "urn:1", "urn:x:1", "ag-17")


NITF_SAMPLES = DATA / "formats/nitf"
NEWSML_SAMPLES = DATA / "formats/newsml_g2"


@pytest.mark.skipif(not NITF_SAMPLES.is_dir(), reason="no corpora here")
def test_real_nitf() -> None:
    stories, problems = read(NITF_SAMPLES)
    assert len(stories) == 2
    for story in stories:
        assert story.title == "After Cyclone Idai in Malawi, a search for new homes"
        assert story.source == "The Associated Press"
        assert story.published == datetime(2019, 5, 28, 8, 10, 57, tzinfo=UTC)
        paragraphs = story.text.split("\n\n")
        assert len(paragraphs) == 19
        assert paragraphs[0].startswith("MWALIJA, Malawi (AP) — Ellen Madson's home is now rubble.")
        assert paragraphs[1].startswith("Like hundreds of thousands of people in Malawi, Mozambique")
        assert paragraphs[-1] == "Follow Africa news at https://twitter.com/AP_Africa"
        assert "NEIL SHAW" not in story.text
    assert {problem.reason for problem in problems} == {"a message to editors: 'Eds: AP video.'"}
    assert not any(problem.failed for problem in problems)


@pytest.mark.skipif(not NEWSML_SAMPLES.is_dir(), reason="no corpora here")
def test_real_newsml() -> None:
    stories, problems = read(NEWSML_SAMPLES)
    assert not any(problem.failed for problem in problems)
    # Of the samples two hold prose: the others describe pictures, packages, concepts and scores, or have a comment for it.
    bare, whole = sorted(stories, key=lambda story: story.published is not None)
    assert bare.title == "Arizona Diamondbacks (29-23) at Philadelphia Phillies (26-24), 7:05p.m."
    assert bare.text.startswith("(Sports Network) - With the Philadelphia Phillies picking up momentum after their")
    assert bare.text.endswith("looks set to be a clash of the Titans.")
    assert (whole.id, whole.title) == ("urn:newsml:NAG.com:20161121:US-FINANCE-FED", 'Fed to halt QE to avert "bubble"')
    assert whole.published == datetime(2018, 11, 21, 21, 25, 32, tzinfo=UTC)
    first, second = whole.text.split("\n\n")
    assert first.startswith("(New York, NY - November 21) Et, sent luptat")
    assert second.endswith("utpatio dolorpercing.")
    kinds = sorted(problem.reason.removesuffix("; passed over") for problem in problems)
    assert kinds == [
        *("XML of another kind, <groupSet>; NITF, NewsML-G2, RSS and Atom are read",),
        *["a concept without text (concept)"] * 3,
        "a knowledge item without text (scheme)",
        "a news item without text (composite)",
        "a news item without text (picture)",
        *["a news item without text (text)"] * 6,
        "a news item without text (video)",
        *["a package without text (composite)"] * 2,
        "a planning item without text (newscoverage)",
        "it is version 11",
    ]
