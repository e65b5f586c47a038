"""What a terminal shows of an evaluation: fits 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dedup.evaluate import Evaluation, Mistake, Score, Tuning
from dedup.evaluate.judging import NONE
from dedup.evaluate.records import GroupOutcome, PairOutcome
from dedup.files import printable
from dedup.story import Relation

_WIDTH = 80
_SIZES = ((1, 1), (2, 2), (3, 3), (4, 5), (6, 10), (11, None))


def evaluation_table(evaluation: Evaluation) -> Group:
    """Scores first, then the mistakes, the curve, the cost, and the proposed settings."""
    parts: list[RenderableType] = []
    if evaluation.pairs:
        parts += _pairs(evaluation, evaluation.pairs)
        parts += _mistakes(
            evaluation,
            "Taken for the same story, but labelled otherwise: the least alike",
            "Labelled as the same story, but not found: the most alike",
        )
    if evaluation.groups:
        parts += _groups(evaluation, evaluation.groups)
        parts += _mistakes(
            evaluation,
            "In one cluster, but of two groups: the least alike",
            "Of one group, but in two clusters: the most alike",
        )
    parts += ["", _curve(evaluation), "", _cost(evaluation), Text(f"{evaluation.related:,} pairs have a relation")]
    if evaluation.tuning:
        parts += ["", *_tuning(evaluation.tuning, (evaluation.bands, evaluation.rows))]
    return Group(*parts)


def _table(first: str, *further: str, title: str | None = None) -> Table:
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    table.add_column(first, overflow="fold")
    for name in further:
        table.add_column(name, justify="right")
    return table


def _wrapped(text: str, indent: str = "") -> Text:
    return Text(textwrap.fill(printable(text), _WIDTH, initial_indent=indent, subsequent_indent=indent))


def _plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _pairs(evaluation: Evaluation, outcome: PairOutcome) -> Iterator[RenderableType]:
    stories = _plural(evaluation.stories, "story", "stories")
    yield _wrapped(
        f"{_plural(outcome.pairs, 'labelled pair', 'labelled pairs')} of {stories}: {outcome.positives:,} the same story "
        f"({', '.join(outcome.positive_labels) or '–'}), {outcome.pairs - outcome.positives:,} not "
        f"({', '.join(outcome.negative_labels) or '–'})"
    )
    yield ""
    yield _scores(("the scan", outcome.scan), ("had all pairs been proposed", outcome.judged))
    yield ""
    lost = outcome.positives - outcome.proposed - outcome.clustered
    yield _wrapped(
        f"Of the pairs that are the same story the scan compared {outcome.proposed:,}; {outcome.clustered:,} more are in "
        f"one cluster, and {lost:,} were not proposed."
    )
    yield ""
    yield _confusion(outcome)


def _scores(*rows: tuple[str, Score]) -> Table:
    table = _table("", "precision", "recall", "F1", "right", "wrong", "missed")
    for name, score in rows:
        shares = (f"{share:.3f}" for share in (score.precision, score.recall, score.f1))
        table.add_row(name, *shares, *(f"{count:,}" for count in (score.hits, score.wrong, score.missed)))
    return table


def _confusion(outcome: PairOutcome) -> Table:
    found = {answer for answers in outcome.confusion.values() for answer in answers}
    answers = [name for name in (*Relation, NONE) if name in found]
    table = _table(
        "label", *(name.replace("-", "-\n") for name in answers), title="Labels, and what the pairs are judged to be"
    )
    for label, counts in outcome.confusion.items():
        table.add_row(printable(label), *(f"{counts.get(name, 0) or '·'}" for name in answers))
    return table


def _groups(evaluation: Evaluation, outcome: GroupOutcome) -> Iterator[RenderableType]:
    yield _wrapped(
        f"{outcome.grouped:,} of {_plural(evaluation.stories, 'story', 'stories')} have a group: "
        f"{_plural(outcome.groups, 'group', 'groups')}, {_plural(outcome.clusters, 'cluster', 'clusters')}"
    )
    yield ""
    yield _scores(("pairs of one cluster", outcome.pairs))
    yield Text(f"adjusted Rand index {outcome.adjusted_rand:.3f}")
    yield ""
    names = [str(least) if least == most else f"{least}–{most}" if most else f"{least}+" for least, most in _SIZES]
    table = _table("stories in it", *names)
    for name, sizes in (("groups", outcome.group_sizes), ("clusters", outcome.cluster_sizes)):
        counts = (sum(n for size, n in sizes.items() if a <= size <= (b or size)) for a, b in _SIZES)
        table.add_row(name, *(f"{count:,}" for count in counts))
    yield table


def _mistakes(evaluation: Evaluation, wrong: str, missed: str) -> Iterator[RenderableType]:
    found = evaluation.mistakes
    for title, count, worst in ((wrong, found.wrong_count, found.wrong), (missed, found.missed_count, found.missed)):
        if not worst:
            continue
        yield ""
        yield Text(f"{title}, {len(worst):,} of {count:,}", style="italic")
        for mistake in worst:
            yield from _mistake(mistake)


def _mistake(mistake: Mistake) -> Iterator[Text]:
    yield Text(printable(mistake.a))
    yield Text(printable(mistake.b))
    yield _wrapped(
        f"labelled {mistake.label}, judged {mistake.relation}{'' if mistake.proposed else ', not proposed'}; Jaccard "
        f"{mistake.jaccard:.2f}, contained {mistake.containment_a:.2f} and {mistake.containment_b:.2f}",
        "  ",
    )
    yield _wrapped(mistake.reason, "  ")


def _curve(evaluation: Evaluation) -> Table:
    of = "" if evaluation.pairs else ", over the pairs that the scan lists"
    title = f"If Jaccard similarity alone decided{of}"
    table = _table(
        "from", "precision", "recall", "F1", f"proposed by {evaluation.bands} × {evaluation.rows} bands", title=title
    )
    for point in evaluation.curve:
        shares = (point.precision, point.recall, point.f1, point.proposed)
        table.add_row(f"{point.threshold:.2f}", *(f"{share:.3f}" for share in shares))
    return table


def _cost(evaluation: Evaluation) -> Table:
    table = _table("stage", "seconds", "pairs proposed", "verified")
    for stage in evaluation.stages:
        table.add_row(stage.stage, f"{stage.seconds:.2f}", f"{stage.proposed:,}", f"{stage.verified:,}")
    totals = [sum(getattr(stage, name) for stage in evaluation.stages) for name in ("seconds", "proposed", "verified")]
    table.add_row("all", f"{totals[0]:.2f}", f"{totals[1]:,}", f"{totals[2]:,}")
    return table


def _tuning(tuning: Tuning, bands: tuple[int, int]) -> Sequence[RenderableType]:
    table = _table("", "defaults", "proposed", title=f"Tuned on {tuning.pairs:,} pairs, {tuning.positives:,} the same story")
    table.add_row("F1 on these pairs", f"{tuning.default_f1:.3f}", f"{tuning.f1:.3f}")
    if tuning.cross_validated and tuning.default:
        spreads = (f"{one.mean:.3f} ± {one.deviation:.3f}" for one in (tuning.default, tuning.cross_validated))
        table.add_row(f"F1 on pairs held out, {len(tuning.folds)} folds", *spreads)
    parts: list[RenderableType] = [table, ""]
    if not tuning.folds:
        parts += [_wrapped("Too few unconnected pairs of the same story to tell how it would do on others.")]
    elif tuning.cross_validated and tuning.default and tuning.cross_validated.mean <= tuning.default.mean:
        parts += [_wrapped("On pairs it has not seen the proposal is no better than the defaults: keep them.")]
    lines = [f"{name} = {value}" for name, value in tuning.proposed.items()] or ["the defaults are the best found"]
    parts += map(Text, lines)
    if tuning.bands and tuple(tuning.bands) != bands:
        then, now = (f"{number} bands of {rows}" for number, rows in (tuning.bands, bands))
        parts += ["", _wrapped(f"With this threshold a scan has {then}, not {now}, and other pairs to compare.")]
    return parts


def tuning_notes(evaluation: Evaluation) -> list[str]:
    """What a file of proposed settings says of where they come from."""
    tuning = evaluation.tuning
    if tuning is None:
        return []
    notes = [
        f"proposed by dedup eval --tune from {printable(evaluation.labels)}, {tuning.pairs:,} pairs",
        f"F1 on these pairs {tuning.f1:.3f}, with the defaults {tuning.default_f1:.3f}",
    ]
    if tuning.cross_validated and tuning.default:
        held_out = f"{tuning.cross_validated.mean:.3f}, with the defaults {tuning.default.mean:.3f}"
        notes.append(f"F1 on pairs held out {held_out} ({len(tuning.folds)} folds)")
    return notes
