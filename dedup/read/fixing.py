"""Mojibake mended, where it was asked for."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dedup.errors import UsageError
from dedup.story import Story


def fixer() -> Callable[[Story], Story]:
    """A function that mends the text and the title of a story, and leaves its record as it was.

    :raises UsageError: ftfy is not installed.

    >>> fixer()(Story(id="a", text="cafÃ©")).text
    'café'
    """
    try:
        from ftfy import TextFixerConfig, fix_text
    except ImportError:
        raise UsageError("--fix-text: needs ftfy; install it with pip install 'wire-dedup[fix]'") from None
    # Only what was decoded wrongly: quotation marks, ligatures and the like are the author's.
    only = TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )

    def fixed(story: Story) -> Story:
        title = None if story.title is None else fix_text(story.title, only)
        return msgspec.structs.replace(story, text=fix_text(story.text, only), title=title)

    return fixed
