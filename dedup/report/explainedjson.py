"""An explained pair as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from dedup.explain import Explanation, Side, Span


def explanation_json(explanation: Explanation) -> bytes:
    """One line: the pair record, and behind its fields ``reason``, ``scores``, ``facts``, ``alone`` and ``judged``."""
    sides = {"a": explanation.a, "b": explanation.b}
    record: dict[str, Any] = msgspec.to_builtins(explanation.overlap)
    record |= {
        "reason": explanation.reason,
        "scores": msgspec.to_builtins(explanation.scores),
        "facts": {name: _facts(side) for name, side in sides.items()},
        "alone": {name: msgspec.to_builtins(side.alone) if side.text_kept else None for name, side in sides.items()},
        "judged": msgspec.to_builtins(explanation.basis),
    }
    try:
        return msgspec.json.encode(record) + b"\n"
    except UnicodeEncodeError:  # lone surrogates, as names of files and broken records have them
        return json.dumps(record).encode("ascii") + b"\n"


def _facts(side: Side) -> dict[str, Any] | None:
    if not side.text_kept:
        return None
    text = side.story.text
    return {"figures": _places(text, side.facts.figures), "names": _places(text, side.facts.names)}


def _places(text: str, spans: Iterable[Span]) -> list[dict[str, Any]]:
    return [{"text": text[slice(*span)], "span": span} for span in spans]
