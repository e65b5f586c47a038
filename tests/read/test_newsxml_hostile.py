"""XML made to blow up, to reach out, or broken: each is told clearly, costs little, and stops nothing."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
from pathlib import Path

import pytest
from read.helpers import ids, read, reasons
from read.test_newsxml import declaring, item, nitf, with_body

MIB = 1 << 20


def with_attributes(count: int) -> str:
    return "<nitf " + " ".join(f"a{number}=''" for number in range(count)) + "/>"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ENTITIES = {
    "laughs": declaring(f'<!ENTITY l0 "ha">{LAUGHS}', "&l9;"),
    "quadratic": declaring(f'<!ENTITY a "{"x" * 100_000}">', "&a;" * 10_000),
    "outside": declaring('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;"),
    "parameter": declaring('<!ENTITY % a SYSTEM "http://localhost:1/x.dtd"> %a;', "Two"),
    "unused": declaring('<!ENTITY a "harmless">', "Two"),
    "no text": declaring('<!ENTITY a SYSTEM "a.gif" NDATA gif>', "Two"),
}
REFUSED = {
    "defaults": (
        declaring("<!ATTLIST p " + "".join(f"a{n} CDATA 'y' " for n in range(5_000)) + ">", "<p/>" * 10_000),
        "XML that declares its own attributes",
    ),
    "deep": (with_body("<a>" * 100_000 + "</a>" * 100_000).encode(), "XML nested more than 200 deep; flatten the document"),
    "nested items": (b"<newsItem>" * 50_000, "XML nested more than 200 deep"),
    "elements": (with_body("<a/>" * 100_000).encode(), "XML of over 100,000 elements; leave it out, or split it"),
    "attributes": (
        with_attributes(100_001).encode(),
        "XML of over 100,000 attributes; leave it out, or split it",
    ),
    "huge": (with_body("word " * (17 * MIB // 5)).encode(), "XML of over 16 MiB; to read it, raise --max-story-bytes"),
}
BROKEN = {
    "cut off": nitf()[:-40],
    "junk behind": b"<nitf/>" + nitf(),
    "no XML": b"just words",
    "empty": b"",
    "blank": b"\xef\xbb\xbf \n",
    "zeros": bytes(1000),
    "two attributes alike": b'<nitf a="1" a="2"/>',
    "entity not known": with_body("<p>&eacute;</p>").encode(),
    "image": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "EBCDIC": nitf().decode().replace('encoding="utf-8"', 'encoding="cp037"').encode("cp037"),
}


@pytest.mark.parametrize("kind", ENTITIES)
def test_entities_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.xml").write_bytes(ENTITIES[kind])
    (tmp_path / "b.xml").write_bytes(nitf())
    stories, problems = read(tmp_path)
    assert ids(stories) == ["ag-17"]
    told = "a.xml: XML that declares entities, which are not expanded; write out what they stand for"
    assert reasons(problems) == [(told, True)]


@pytest.mark.parametrize("kind", REFUSED)
def test_too_much_is_refused(tmp_path: Path, kind: str) -> None:
    content, told = REFUSED[kind]
    (tmp_path / "a.xml").write_bytes(content)
    (tmp_path / "b.xml").write_bytes(nitf())
    stories, (problem,) = read(tmp_path)
    assert ids(stories) == ["ag-17"]
    assert told in problem.reason
    assert problem.failed


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_xml_fails_alone(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.xml").write_bytes(BROKEN[kind])
    (tmp_path / "b.xml").write_bytes(nitf())
    stories, problems = read(tmp_path)
    assert ids(stories) == ["ag-17"]
    assert [problem.reason.split(":")[0] for problem in problems if problem.failed] == ["not well-formed XML"]


def test_a_doctype_is_fine_and_nothing_is_fetched(tmp_path: Path) -> None:
    dtd = tmp_path / "x.dtd"
    dtd.write_text('<!ENTITY a "from outside">')
    for name, doctype in {
        "a.xml": f'<!DOCTYPE nitf SYSTEM "{dtd.as_uri()}">',
        "b.xml": '<!DOCTYPE nitf PUBLIC "-//IPTC//DTD NITF 3.4//EN" "http://localhost:1/nitf.dtd">',
        "c.xml": "<!DOCTYPE nitf [<!ELEMENT nitf ANY>]>",
    }.items():
        (tmp_path / name).write_text(doctype + with_body("<p>One.</p>" if name == "c.xml" else "<p>One &a;.</p>"))
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["One &a;.", "One &a;.", "One."]
    assert [problem for problem in problems if problem.failed] == []


@pytest.mark.parametrize("end", ["<newsItem><contentSet>", "</itemSet></newsMessage>", "&", "<a/>" * 100_000])
def test_whole_items_before_a_fault_are_read(tmp_path: Path, end: str) -> None:
    items = [item(f"<inlineData>Text {number}.</inlineData>", number) for number in (1, 2)]
    (tmp_path / "a.xml").write_text(f"<newsMessage>{''.join(items)}{end}")
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["Text 1.", "Text 2."]
    assert all(story.origin is not None and story.origin.parts for story in stories)
    assert [problem.failed for problem in problems if "embargo" not in problem.reason] == [True]


def test_whole_items_before_a_cut_are_read(tmp_path: Path) -> None:
    # Words that do not pack, so that the cut takes no more than the end.
    words = " ".join(f"{random.Random(5).getrandbits(64):x}{number}" for number in range(20_000))
    content = f"<newsMessage>{item('<inlineData>One é.</inlineData>')}{item(f'<inlineData>{words}</inlineData>', 2)}"
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(content.encode())[:-2_000])
    stories, problems = read(tmp_path)
    assert [story.text for story in stories] == ["One é."]
    (failed,) = [problem.reason for problem in problems if problem.failed]
    assert failed == "cut off: the file ends inside its compressed data; fetch it again (no item is read in part)"


def test_a_namespace_is_not_put_into_every_name(tmp_path: Path) -> None:
    names = "".join(f'<a{number} x:b{number}=""/>' for number in range(2_000))
    content = f'<nitf xmlns="{"u" * MIB}" xmlns:x="{"v" * MIB}">{names}{with_body("<p>One.</p>")}</nitf>'
    (tmp_path / "a.xml").write_text(content)
    assert _growth(tmp_path / "a.xml") < 64  # it would be 8 GiB


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(with_body("word " * (3 * MIB)), id="text"),
        pytest.param(with_body("a\n" * (7 * MIB)), id="lines"),
        pytest.param(with_body("<!--" + "x" * (15 * MIB) + "-->One."), id="comment"),
        pytest.param(with_body("<![CDATA[" + "x " * (7 * MIB) + "]]>"), id="CDATA"),
        pytest.param(with_body("<a b='c'/>" * 99_000 + "One."), id="elements"),
        pytest.param(with_attributes(1_300_000), id="attributes"),
    ],
)
def test_memory_is_bounded(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.xml").write_text(content)
    assert _growth(tmp_path / "a.xml") < 64


@pytest.mark.parametrize("kind", ENTITIES)
def test_memory_of_entities_is_bounded(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.xml").write_bytes(ENTITIES[kind])
    assert _growth(tmp_path / "a.xml") < 64


# Not by getrusage: a process inherits the peak of the one that forked it.
_MEASURED = """
import re, sys
import xml.etree.ElementTree
from pathlib import Path
from dedup.read import read_stories

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

before = peak()
for story in read_stories([sys.argv[1]]):
    del story
print(peak() - before)
"""


def _growth(path: Path) -> int:
    """By how many MiB a process grows at most that reads a file."""
    if sys.platform != "linux":
        pytest.skip("other systems do not tell")
    done = subprocess.run([sys.executable, "-c", _MEASURED, str(path)], capture_output=True, check=True, timeout=60)
    return int(done.stdout) >> 10
