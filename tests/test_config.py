"""Settings from a file: where it is looked for, what wins, and what is said of a bad one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dedup.config import Config, check_new_config, config_text, load_config
from dedup.errors import UsageError
from dedup.settings import Settings


def test_without_a_file_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 125\n")
    config = load_config(folder=tmp_path)
    assert config == Config()
    assert config.settings() == Settings()


def test_the_folder_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dedup]\nthreshold = 1\n")
    assert load_config(folder=tmp_path).given == {"threshold": 1.0}
    (tmp_path / "dedup.toml").write_text("passage_words = 30\n")
    config = load_config(folder=tmp_path)
    assert config.path == str(tmp_path / "dedup.toml")
    assert config.settings() == Settings(passage_words=30)
    (tmp_path / "below").mkdir()
    assert load_config(folder=tmp_path / "below") == Config()


def test_a_named_file_is_read_instead(tmp_path: Path) -> None:
    (tmp_path / "dedup.toml").write_text("passage_words = 30\n")
    (tmp_path / "other.toml").write_text("recall = 0.9\n")
    assert load_config(tmp_path / "other.toml", folder=tmp_path).settings() == Settings(recall=0.9)
    assert load_config("/dev/null", folder=tmp_path).settings() == Settings()
    (tmp_path / "pyproject.toml").write_text("[tool.dedup]\nshingle = 4\n")
    assert load_config(tmp_path / "pyproject.toml").settings() == Settings(shingle=4)


def test_options_win(tmp_path: Path) -> None:
    (tmp_path / "dedup.toml").write_text("threshold = 0.7\npassage_words = 30\nshingle = 5\n")
    config = load_config(folder=tmp_path)
    assert config.settings(threshold=0.6) == Settings(threshold=0.6, passage_words=30)
    assert config.settings(threshold=None) == Settings(threshold=0.7, passage_words=30)
    # Said of the file is what it changes.
    assert config.in_force(threshold=None) == {"threshold": 0.7, "passage_words": 30}
    assert config.in_force(threshold=0.6) == {"passage_words": 30}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("treshold = 0.5", r"dedup\.toml': 'treshold' is no setting; did you mean 'threshold'\?"),
        ("passage-words = 20", "'passage-words' is no setting; did you mean 'passage_words'"),
        ("zzz = 1", "'zzz' is no setting; settings are shingle, num_perm"),
        ("[tool.dedup]\nthreshold = 0.5", "'tool' is no setting"),
        ("threshold = 'high'", r"dedup\.toml': threshold = 'high': Expected `float`, got `str`"),
        ("threshold = 1.5", "threshold = 1.5: Expected `float` <= 1.0"),
        ("shingle = 2.5", "shingle = 2.5: Expected `int`, got `float`"),
        ("threshold = ", r"dedup\.toml': not a TOML file: Invalid value"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "dedup.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        load_config(folder=tmp_path)


def test_named_files_must_be_there_and_say_something(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml': cannot be read: No such file"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    with pytest.raises(UsageError, match=r"has no table \[tool\.dedup\]"):
        load_config(tmp_path / "pyproject.toml")


def test_another_projects_broken_file_is_no_fault_of_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.other\n")
    assert load_config(folder=tmp_path) == Config()
    (tmp_path / "pyproject.toml").write_text("[tool.dedup\n")
    with pytest.raises(UsageError, match="not a TOML file"):
        load_config(folder=tmp_path)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    settings = Settings(threshold=0.55, passage_words=24, template_names=0.1)
    text = config_text(settings, ["from labels.csv"])
    assert text.startswith("# from labels.csv\n")
    assert tomllib.loads(text) == {"threshold": 0.55, "passage_words": 24, "template_names": 0.1}
    (tmp_path / "dedup.toml").write_text(text)
    assert load_config(folder=tmp_path).settings() == settings
    assert config_text(Settings()) == ""


@pytest.mark.parametrize("name", ["pyproject.toml", "stories/a.txt", "dedup"])
def test_no_config_is_written_over_something_else(name: str) -> None:
    with pytest.raises(UsageError, match=r"written to a \.toml file of their own"):
        check_new_config(name)
