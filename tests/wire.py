"""A made-up wire for the commands that follow one: stories, resent and edited copies among them, as JSON lines."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dedup.cli.app import app
from dedup.errors import DedupError

Done = subprocess.CompletedProcess[bytes]

COMMAND = (sys.executable, "-m", "dedup")


def run(folder: Path, *args: str | Path, stdin: bytes = b"", **options: Any) -> Done:
    """``dedup`` in a folder, to its end; stdout is caught unless it goes elsewhere."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run([*COMMAND, *map(str, args)], cwd=folder, input=stdin, timeout=120, check=False, **options)


def refused(*args: str) -> tuple[int, str]:
    """The exit code and the message of a command that ends with an error, without the cost of a process."""
    try:
        app(list(args), standalone_mode=False)
    except DedupError as error:
        return error.exit_code, str(error)
    except Exception as error:
        return getattr(error, "exit_code", -1), error.format_message() if hasattr(error, "format_message") else repr(error)
    return 0, ""


def wire(count: int, seed: int = 7) -> list[bytes]:
    """Records in order of arrival, line ends included; the id of a copy is that of its story and a letter."""
    draw = random.Random(seed)
    words = [
        f"{a}{b}{c}" for a in ("ka", "lo", "mi", "ne") for b in ("dra", "fen", "gul") for c in ("ba", "so", "ti", "ver")
    ]
    words += [f"{word}{end}" for word in words for end in ("n", "s", "ka", "led", "mor", "tin", "vas", "wel")]
    texts: list[list[str]] = []
    lines: list[bytes] = []
    while len(lines) < count:
        if texts and draw.random() < 0.3:
            number = draw.randrange(max(0, len(texts) - 200), len(texts))
            change: Callable[[list[str]], list[str]] = draw.choice([_edited, list, lambda text: text[: len(text) // 2]])
            name, text = f"{number}/{len(lines)}", change(texts[number])
        else:
            texts.append(draw.choices(words, k=draw.randint(40, 120)))
            name, text = str(len(texts) - 1), texts[-1]
        lines.append(json.dumps({"id": name, "text": " ".join(text)}).encode() + b"\n")
    return lines


def _edited(text: list[str]) -> list[str]:
    return [*text[:10], "indeed", *text[10:]]


def story_of(record: bytes) -> str:
    """The story that a record is, or is a copy of."""
    return str(json.loads(record)["id"]).partition("/")[0]


def answers(folder: Path, index: str, lines: Sequence[bytes]) -> bytes:
    """Everything an index says of stories that it has."""
    done = run(folder, "filter", "--index", index, "--annotate", stdin=b"".join(lines))
    assert done.returncode == 0, done.stderr
    return done.stdout
