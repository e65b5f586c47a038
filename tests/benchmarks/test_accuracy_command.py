"""The command: settings by name, data that are not there, and the one set that is small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from corpora import SEEDS

from benchmarks.accuracy import loading
from benchmarks.accuracy.__main__ import changed_settings, main
from dedup.errors import UsageError
from dedup.settings import Settings


def test_settings_are_changed_by_name() -> None:
    assert changed_settings([]) == Settings()
    assert changed_settings(["threshold=0.6", "full_class=8"]) == Settings(threshold=0.6, full_class=8)


@pytest.mark.parametrize("change", ["threshold", "threshold=", "threshold=high", "threshold=2", "threshhold=0.6"])
def test_what_is_no_setting_is_named(change: str) -> None:
    with pytest.raises(UsageError, match="setting"):
        changed_settings([change])


def test_missing_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(loading, "DATA", tmp_path)
    assert main(["--only", "basil"]) == 2
    assert f"{tmp_path / 'basil' / 'stories.jsonl.gz'}: not there" in capsys.readouterr().err


def test_raw_figures_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not SEEDS.is_dir():
        pytest.skip(f"{SEEDS} is not there")
    assert main(["--only", "seeds", "--set", "passage_words=41", "--json", str(tmp_path / "figures.json")]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["settings"]["passage_words"] == 41
    assert [row["measure"] for row in figures["sets"]["seeds"]["rows"]] == ["only 002-004, and that as it is"]
    assert "| seeds " in capsys.readouterr().out
