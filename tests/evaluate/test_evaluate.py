"""A whole evaluation, on the fixtures and on small collections whose outcome can be counted by hand."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from dedup.errors import InputError, UsageError
from dedup.evaluate import Evaluation, Question, evaluate
from dedup.read import ReadOptions
from dedup.settings import Settings
from dedup.story import Problem

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
EXPECTED = [(p["a"], p["b"], p["relation"]) for p in tomllib.loads((FIXTURES / "relations.toml").read_text())["pair"]]
UNRELATED = [("unrelated/toll-road-vote.txt", "contained/lost-map.txt", "unrelated")]


def pair_file(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    path = folder / "pairs.csv"
    path.write_text("".join(f"{a},{b},{label}\n" for a, b, label in [("a", "b", "label"), *rows]))
    return path


def text(story: int, words: range) -> str:
    return " ".join(f"s{story}w{word}" for word in words)


def stories(folder: Path, texts: Mapping[str, tuple[str, str | None]]) -> Path:
    path = folder / "stories.jsonl"
    path.write_text("".join(json.dumps({"id": i, "text": t, "group": g}) + "\n" for i, (t, g) in texts.items()))
    return path


def test_labels_that_are_met(tmp_path: Path) -> None:
    steps: list[str] = []
    labels = pair_file(tmp_path, EXPECTED + UNRELATED)
    found = evaluate(labels, [FIXTURES], on_step=steps.append)
    pairs = found.pairs
    assert pairs is not None
    assert pairs.positive_labels == ["contained", "identical", "near-duplicate"]
    assert pairs.negative_labels == ["shared-passage", "template", "unrelated"]
    assert (pairs.scan.f1, pairs.judged.f1) == (1.0, 1.0)
    assert pairs.positives == pairs.proposed == 9
    # Every pair is judged to be what its label says it is.
    assert pairs.confusion.pop("unrelated") == {"none": 1}
    assert pairs.confusion == {name: {name: [row[2] for row in EXPECTED].count(name)} for _, _, name in EXPECTED}
    assert found.mistakes.wrong == found.mistakes.missed == []
    assert (found.stories, found.failed, found.digest) == (39, 0, Settings().digest())
    assert [stage.stage for stage in found.stages] == steps
    assert sum(stage.proposed for stage in found.stages) >= sum(stage.verified for stage in found.stages) >= found.related
    assert found.related == len(EXPECTED)
    assert len(found.curve) == 19


def test_mistakes_of_judging_and_of_proposing_are_told_apart(tmp_path: Path) -> None:
    (river,) = [row[:2] for row in EXPECTED if "river" in row[0]]
    rows = [
        ("near-duplicate/tram-opening-morning.txt", "near-duplicate/tram-opening-evening.txt", "other"),
        ("near-duplicate/flood-aid.txt", "near-duplicate/flood-aid-corrected.txt", "same"),
        (*river, "same"),
        (*UNRELATED[0][:2], "same"),
    ]
    found = evaluate(pair_file(tmp_path, rows), [FIXTURES])
    pairs = found.pairs
    assert pairs is not None
    assert (pairs.scan.hits, pairs.scan.wrong, pairs.scan.missed) == (1, 1, 2)
    assert (pairs.positives, pairs.proposed, pairs.clustered) == (3, 2, 0)
    (wrong,) = found.mistakes.wrong
    assert (wrong.a, wrong.label, wrong.relation, wrong.proposed) == (rows[0][0], "other", "near-duplicate", True)
    template, unrelated = found.mistakes.missed
    assert (template.relation, template.proposed) == ("template", True)
    assert template.reason.startswith("passages cover")
    assert (unrelated.relation, unrelated.proposed) == ("none", False)
    assert unrelated.reason.startswith("too little in common")


def test_copies_that_are_not_listed_pair_by_pair_are_found_by_their_cluster(tmp_path: Path) -> None:
    path = stories(tmp_path, {f"c{n}": (text(1, range(50)), None) for n in range(8)})
    found = evaluate(pair_file(tmp_path, [("c5", "c6", "same"), ("c5", "c0", "same")]), [path]).pairs
    assert found is not None
    assert (found.proposed, found.clustered, found.scan.f1) == (1, 1, 1.0)


def test_the_curve_by_hand(tmp_path: Path) -> None:
    # 100 shingles each; 50 shared are Jaccard 1/3, 80 are 2/3.
    texts = {
        "a": (text(1, range(104)), None),
        "b": (text(1, range(54)) + " " + text(2, range(50)), None),
        "c": (text(3, range(104)), None),
        "d": (text(3, range(84)) + " " + text(4, range(20)), None),
    }
    found = evaluate(pair_file(tmp_path, [("a", "b", "same"), ("c", "d", "other")]), [stories(tmp_path, texts)])
    at = {point.threshold: (point.precision, point.recall) for point in found.curve}
    assert (at[0.3], at[0.35], at[0.65], at[0.7]) == ((0.5, 1.0), (0.0, 0.0), (0.0, 0.0), (1.0, 0.0))


def grouped(folder: Path, tuning: bool = False) -> Evaluation:
    copy, other, third = text(1, range(60)), text(2, range(60)), text(3, range(60))
    texts = {
        "a1": (copy, "A"),
        "a2": (copy + " end", "A"),
        "a3": (text(9, range(70)), "A"),  # split from its group
        "b1": (other, "B"),
        "c1": (other + " tail", "C"),  # merged with B
        "d1": (third, None),
        "d2": (third, None),
    }
    path = stories(folder, texts)
    return evaluate(path, [path], Question(tuning=tuning))


def test_groups_by_hand(tmp_path: Path) -> None:
    found = grouped(tmp_path)
    groups = found.groups
    assert groups is not None
    assert (groups.grouped, groups.groups, groups.clusters, found.stories) == (5, 3, 3, 7)
    assert (groups.pairs.hits, groups.pairs.wrong, groups.pairs.missed) == (1, 1, 2)
    # Both 1, groups 3, clusters 2, of 10 pairs: expected 0.6, most 2.5.
    assert groups.adjusted_rand == pytest.approx(0.4 / 1.9)
    assert (groups.group_sizes, groups.cluster_sizes) == ({1: 2, 3: 1}, {1: 1, 2: 2})
    (wrong,), (missed,) = found.mistakes.wrong, found.mistakes.missed
    assert ({wrong.a, wrong.b}, sorted(wrong.label.split(" and "))) == ({"b1", "c1"}, ["B", "C"])
    assert (missed.a, missed.b, missed.label) in (("a2", "a3", "A"), ("a3", "a2", "A"))
    # All listed pairs have a Jaccard similarity of 56/57.
    assert [point.f1 for point in found.curve] == [pytest.approx(2 / 5)] * 19


def test_groups_can_be_tuned_on(tmp_path: Path) -> None:
    tuning = grouped(tmp_path, tuning=True).tuning
    assert tuning is not None
    # a1-a2, a1-a3, a2-a3 of one group; b1-c1 proposed.
    assert (tuning.pairs, tuning.positives) == (4, 3)
    assert tuning.default_f1 == pytest.approx(2 / 5)


def test_unknown_ids_are_problems(tmp_path: Path) -> None:
    path = stories(tmp_path, {"x": (text(1, range(9)), None), "y": (text(1, range(9)), None)})
    labels = pair_file(tmp_path, [("x", "y", "same"), ("x", "q", "same"), ("p", "q", "no")])
    problems: list[Problem] = []
    found = evaluate(labels, [path], on_problem=problems.append)
    assert found.failed == 2
    assert found.pairs is not None
    assert found.pairs.pairs == 1
    assert str(problems[1]) == f"{labels}:4: no story has the id 'p' or 'q'; check the id, or name its file, too"
    with pytest.raises(InputError, match=r"pairs\.csv:3: no story has the id 'q'"):
        evaluate(labels, [path], read=ReadOptions(strict=True))


def test_no_label_is_left(tmp_path: Path) -> None:
    path = stories(tmp_path, {"x": (text(1, range(9)), None)})
    found = evaluate(pair_file(tmp_path, [("p", "q", "same")]), [path], Question(tuning=True))
    assert found.failed == 1
    assert found.pairs is not None
    assert (found.pairs.pairs, found.pairs.scan.f1) == (0, 1.0)
    groups = tmp_path / "groups.csv"
    groups.write_text("id,group\nnobody,G\n")
    assert evaluate(groups, [path], Question(tuning=True)).groups is not None


def test_positive_is_for_pairs(tmp_path: Path) -> None:
    path = stories(tmp_path, {"x": (text(1, range(9)), "G")})
    with pytest.raises(UsageError, match="--positive: says which labels of pairs"):
        evaluate(path, [path], Question(positive=["G"]))
