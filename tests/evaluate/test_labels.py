"""Label files, good and bad."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from dedup.errors import InputError, UsageError
from dedup.evaluate.labels import Columns, Grouped, LabelledPair, Labels, read_labels
from dedup.evaluate.pairs import positive_labels
from dedup.read import ReadOptions
from dedup.story import Problem


def read(path: Path, columns: Columns | None = None) -> tuple[Labels, list[Problem]]:
    problems: list[Problem] = []
    return read_labels(path, columns or Columns(), ReadOptions(), problems.append), problems


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pairs.csv", "a,b,label,who\nx,y,update,me\n\nz,w,other,you\n"),
        ("pairs.CSV", '\ufeffwho,label,b,a\r\nme,update,"y","x"\r\n\r\nyou,other,w,z\r\n'),
        ("pairs.tsv", "a\tb\tlabel\nx\ty\tupdate\n\nz\tw\tother"),
        ("p.jsonl", '{"a":"x","b":"y","label":"update"}\n\n{"label":"other","a":"z","n":[1],"b":"w"}\n'),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_pairs(tmp_path: Path, name: str, text: str, packed: bool) -> None:
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    labels, problems = read(path)
    # Lines are the file's own, blank ones and the header counted.
    first, second = (1, 3) if name.startswith("p.") else (2, 4)
    assert labels.pairs == [LabelledPair("x", "y", "update", first), LabelledPair("z", "w", "other", second)]
    assert labels.are_pairs
    assert problems == []


def test_numbers_are_ids_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"a":12,"b":18446744073709551617,"label":3}\n{"a":1,"b":2,"label":true}\n')
    labels, _ = read(path)
    assert [(p.a, p.b, p.label) for p in labels.pairs] == [("12", "18446744073709551617", "3"), ("1", "2", "true")]


def test_groups_and_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "g.csv"
    path.write_text("story,cluster\ns1,A\ns2,\ns3,A\n")
    labels, problems = read(path, Columns(id="story", group="cluster"))
    assert labels.groups == [Grouped("s1", "A", 2), Grouped("s3", "A", 4)]
    assert not labels.are_pairs
    assert problems == []


def test_the_story_file_is_a_label_file(tmp_path: Path) -> None:
    path = tmp_path / "stories.jsonl"
    path.write_text(
        '{"id":7,"text":"some","meta":{"group":"g"}}\n{"text":"more","meta":{"group":"g"}}\n{"id":8,"text":"x"}\n'
    )
    labels, problems = read(path, Columns(group="meta.group"))
    assert labels.groups == [Grouped("7", "g", 1), Grouped("stories.jsonl#2", "g", 2)]
    assert problems == []


def test_bad_lines_are_named_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a,b,label\nx,y\nq,q,same\nx,y,same\ny,x,same\ny,x,other\n\xff,y,same\nm,n,same\n")
    labels, problems = read(path)
    assert [(p.a, p.b) for p in labels.pairs] == [("x", "y"), ("m", "n")]
    told = [(str(problem).removeprefix(f"{path}:"), problem.failed) for problem in problems]
    assert told == [
        ("2: no 'label'; give both ids and the label, or remove the line", True),
        ("3: pairs 'q' with itself; name two stories, or remove the line", True),
        ("5: says again what line 4 says; counted once", False),
        ("6: says 'other', and line 4 says 'same', which counts; keep one of the two", True),
        ("7: not UTF-8; convert the file", True),
    ]


def test_bad_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"a":"x","b":"y","label":"same"}\n{nonsense\n{"a":"x","b":{},"label":"same"}\n')
    labels, problems = read(path)
    assert len(labels.pairs) == 1
    assert f"{path}:2: not a JSON object" in str(problems[0])
    assert str(problems[1]) == f"{path}:3: no 'b'; give both ids and the label, or remove the line"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.xlsx", "", r"labels are read from \.csv, \.tsv or \.jsonl"),
        ("l.csv", "a;b;label\nx;y;same\n", "this file has 'a;b;label'; name them with --a-field"),
        ("l.csv", "one,two,label\nx,y,same\n", "this file has 'one', 'two', 'label'"),
        ("l.jsonl", '{"id":"x","text":"y"}\n', "'id', 'group' \\(groups\\), and this file has 'id', 'text'"),
        ("l.csv", "", "holds no labels"),
        ("l.csv", "id,group\nx,\n", "holds no labels"),
    ],
)
def test_files_that_hold_no_labels(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        read(tmp_path / name)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv': no such file"):
        read(tmp_path / "nowhere.csv")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"a,b,label\nx,y,same\n" * 99)[:-9])
    with pytest.raises(InputError, match=r"cut\.csv\.gz:\d+: cut off"):
        read(tmp_path / "cut.csv.gz")


def labelled(*names: str) -> Labels:
    return Labels("l.csv", [LabelledPair("x", str(n), name, n) for n, name in enumerate(names)], [])


def test_which_labels_mean_the_same_story() -> None:
    assert positive_labels(labelled("Update", "reuse", "IDENTICAL", "0", "1"), None) == {"Update", "IDENTICAL", "1"}
    assert positive_labels(labelled("0", "1", "2", "3"), ["2", "3"]) == {"2", "3"}
    with pytest.raises(
        UsageError, match=r"'l\.csv': none of its labels .* are 'no', 'nope'; say which of them do with --pos"
    ):
        positive_labels(labelled("nope", "no"), None)
    with pytest.raises(UsageError, match=r"label 'updat': not used in 'l\.csv'; its labels are 'same', 'update'"):
        positive_labels(labelled("same", "update"), ["same", "updat"])
