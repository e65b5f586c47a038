"""The page of a pair: well formed, complete, readable without a look at it, and dead whatever is in the stories."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import time
import unicodedata
from collections import Counter

import pytest
from lxml import html  # type: ignore[import-untyped]
from pairs import FIXTURES, HOSTILE, fixture_pair, hostile_pair, prose, texts_pair

from dedup.explain import Explanation
from dedup.report import explanation_html

STRAIT = ("shared-passage/strait-statement-coastal-herald.txt", "shared-passage/strait-statement-northern-ledger.txt")


def page(explanation: Explanation) -> html.HtmlElement:
    return html.document_fromstring(explanation_html(explanation).decode("utf-8"))


def visible(element: html.HtmlElement) -> str:
    """Its text without what only a screen reader says, and without the numbers."""
    copy = html.fromstring(html.tostring(element, encoding="unicode"))
    for hidden in copy.xpath("//*[contains(@class, 'vh') or @class='n']"):
        hidden.drop_tree()
    return " ".join(copy.text_content().split())


def test_both_stories_are_there_whole() -> None:
    for pair in (STRAIT, ("scripts/ar-station-library-plain.txt", "scripts/ar-station-library-vowelled.txt")):
        for name, article in zip(pair, page(fixture_pair(*pair)).xpath("//article"), strict=True):
            (text,) = article.xpath(".//div[@class='text']")
            for summary in text.xpath(".//summary"):
                summary.drop_tree()
            assert visible(text).split() == (FIXTURES / name).read_text(encoding="utf-8").split()


def test_passages_are_numbered_on_both_sides_and_lead_to_each_other() -> None:
    found = page(fixture_pair(*STRAIT))
    for here, there in ("ab", "ba"):
        (link,) = found.xpath(f"//a[@id='{here}1']")
        assert link.get("href") == f"#{there}1"
        assert link.getparent().tag == "mark"
        assert "passage 1" in " ".join(link.text_content().split())
    targets = {element.get("id") for element in found.xpath("//*[@id]")}
    assert {link.get("href")[1:] for link in found.xpath("//a[starts-with(@href, '#')]")} <= targets


def test_changed_words_are_marked_within_the_passage_and_said() -> None:
    first, second = page(fixture_pair(*STRAIT)).xpath("//article")
    assert first.xpath(".//del | .//ins") == []
    (inserted,) = second.xpath(".//mark/ins")
    # Nothing of it stands in the other story.
    assert visible(inserted).startswith("The text was agreed after eleven months of closed talks")
    assert visible(inserted).split()[-1] == "Island"
    assert inserted.text_content().startswith("only here: ")


def test_facts_and_scores_are_tables_with_headers() -> None:
    found = page(fixture_pair("template/dividend-arkell-foundry.txt", "template/dividend-bremmer-paper.txt"))
    facts, scores = found.xpath("//table")
    figures = [cell.text_content().strip() for cell in facts.xpath(".//tr[th='figures']/td")]
    assert figures == ["21; 31.5; 28; 30; 14; 3; 118.5; 2,140", "15; 7.25; 9.75; 6; 20; 11; 36"]
    row = scores.xpath(".//tr[th='evidence of one story, not a form']/td")
    assert [cell.text_content() for cell in row][1:] == ["from 2.250", "no"]
    assert all(header.get("scope") for header in found.xpath("//th"))


def test_a_screen_reader_finds_its_way() -> None:
    found = page(fixture_pair(*STRAIT))
    assert found.get("lang") == "en"
    assert [len(found.xpath(f"//{tag}")) for tag in ("h1", "main", "title")] == [1, 1, 1]
    names = {element.get("id") for element in found.xpath("//*[@id]")}
    assert all(part.get("aria-labelledby") in names for part in found.xpath("//section | //article"))
    # What a story says is in no known language, and what the page says within it is English again.
    assert all(text.get("lang") == "" for text in found.xpath("//div[@class='text']"))
    hidden = found.xpath("//div[@class='text']//span[@class='vh']")
    assert hidden
    assert all(span.xpath("ancestor-or-self::*[@lang][1]/@lang") == ["en"] for span in hidden)


def test_paragraphs_find_their_own_direction() -> None:
    found = page(fixture_pair("scripts/ar-station-library-plain.txt", "scripts/ar-station-library-vowelled.txt"))
    paragraphs = found.xpath("//div[@class='text']/p")
    assert len(paragraphs) > 10
    for paragraph in paragraphs:
        assert paragraph.get("dir") == "auto"
        # Elements with a direction of their own do not count for it: the first letter left is Arabic.
        for own in paragraph.xpath(".//*[@dir]"):
            own.drop_tree()
        letters = [c for c in paragraph.text_content() if unicodedata.bidirectional(c) in ("L", "R", "AL")]
        assert unicodedata.bidirectional(letters[0]) == "AL"


def test_nothing_is_loaded_and_only_our_style_applies() -> None:
    text = explanation_html(fixture_pair(*STRAIT)).decode()
    found = html.document_fromstring(text)
    (policy,) = found.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none';")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert found.xpath("//script | //link | //img | //iframe | //object | //@style | //@src") == []
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


def structure(found: html.HtmlElement) -> Counter[str]:
    """The elements and attributes there are."""
    names = Counter(str(element.tag) for element in found.iter())
    names.update(f"{element.tag} {name}" for element in found.iter() for name in element.attrib)
    return names


@pytest.mark.parametrize("payload", HOSTILE)
def test_a_hostile_story_leaves_the_page_as_a_benign_one_does(payload: str) -> None:
    found = page(hostile_pair(payload))
    benign = structure(page(hostile_pair("benign words")))
    known = {name for name in benign if " on" not in name}
    assert structure(found).keys() <= known
    assert structure(found)["script"] == 0
    assert [link for link in found.xpath("//a/@href") if not link.startswith(("#", "https://example.org/"))] == []
    text = found.text_content()
    assert [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c != "\n"] == []


def test_escapes_are_shown() -> None:
    first = page(hostile_pair("\u202e\x1b[31m")).xpath("//article")[0]
    assert "\\u202e\\x1b[31m" in first.text_content()


def test_long_stretches_of_one_story_are_folded_and_short_ones_not() -> None:
    shared, again = " ".join(prose(60, 1)), " ".join(prose(60, 2))
    own = " ".join(f"own{number}" for number in range(400))
    found = page(texts_pair(f"{shared} {own} {again} tail", f"before {shared} other {again} after"))
    (fold,) = found.xpath("//details")
    folded = visible(fold.xpath("./p")[0]).split()
    # 40 words stay open at either end.
    assert (folded[0], folded[-1], len(folded)) == ("own40", "own359", 320)
    assert fold.xpath("./summary")[0].text_content() == "320 words that only this story has"
    assert not fold.xpath(".//mark")


def test_a_megabyte_is_there_whole_in_seconds() -> None:
    words = prose(180_000, 3)
    edited = [*words[:90_000], *prose(9_000, 4), *words[90_000:]]
    a, b = "\n".join(" ".join(words[at : at + 80]) for at in range(0, 180_000, 80)), " ".join(edited)
    began = time.process_time()
    rendered = explanation_html(texts_pair(a, b))
    assert time.process_time() - began < 15
    first, second = html.document_fromstring(rendered.decode()).xpath("//div[@class='text']")
    assert [first.text_content().count(f" word{n} ") > 0 for n in (1, 2)] == [True, True]
    assert len(second.xpath(".//details")) == 1


def test_without_jinja2_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from dedup.errors import UsageError\nfrom dedup.explain import explain_stories\n"
        "from dedup.report import explanation_html\nfrom dedup.story import Story\n"
        "try: explanation_html(explain_stories(Story(id='a', text='x'), Story(id='b', text='y')))\n"
        "except UsageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'wire-dedup[report]'" in done.stdout
