"""Sets that are scanned as a whole: the seeds, a feed with duplicate groups, outlets that copy, events told apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

import reference

from benchmarks.accuracy.baseline import SHINGLE, Baseline
from benchmarks.accuracy.loading import Run, Scanned, computed, data, each_threshold, note
from benchmarks.accuracy.metrics import adjusted_rand, components, pair_counts
from benchmarks.accuracy.rows import NONE, Goal, Mistake, Report, Row
from benchmarks.corpus import Corpus
from dedup.scanning import scan
from dedup.story import Overlap, Relation

SHARED_WORDS = 35
"""Least shared words of the seeds' one pair."""
SILVER_SHINGLES, SILVER_FREQUENCY = 25, 50
"""Shared word 5-grams that make a silver passage, and the document frequency up to which one counts."""


def seeds(run: Run) -> Report:
    """The five reports: 002 and 004 share a passage, nothing else overlaps."""
    folder = data("seeds")
    pairs = list(scan([folder], settings=run.settings, threads=run.threads).pairs)
    files = sorted(folder.glob("*.txt"))
    texts = [file.read_text("utf-8") for file in files]
    baseline = Baseline(texts)
    wanted = {(2, 4)}
    baselines = each_threshold(lambda threshold: float(baseline.pairs(threshold) == wanted))
    found = "; ".join(f"{pair.a[:3]}-{pair.b[:3]} {pair.relation}, {pair.shared_words} words" for pair in pairs)
    row = Row(set="seeds", measure="only 002-004, and that as it is", figure=float(_as_wanted(pairs)), baselines=baselines,
              goal=Goal("=", 1), digits=0, note=found or "no pair")  # fmt: skip
    return Report([row])


def _as_wanted(pairs: list[Overlap]) -> bool:
    return len(pairs) == 1 and all(
        (pair.a[:3], pair.b[:3]) == ("002", "004")
        and pair.relation == Relation.SHARED_PASSAGE
        and pair.shared_words >= SHARED_WORDS
        for pair in pairs
    )


def feed(run: Run) -> Report:
    """The clusters of the decisions against the vendor's groups; for the baseline, its connected components."""
    name = "feed2018"
    scanned = run.scanned(name)
    groups = [str(record["group"]) for record in scanned.corpus.records]
    cluster_of = {decision.id: decision.cluster for decision in scanned.result.decisions}
    clusters = [cluster_of[story] for story in scanned.corpus.ids]

    def connected(threshold: float) -> list[int]:
        return components(len(groups), scanned.baseline.pairs(threshold))

    counts = pair_counts(groups, clusters)
    rows = [
        Row(set=name, measure="pair F1", figure=counts.f1, to_beat=0.918, goal=Goal(">=", 0.93),
            baselines=each_threshold(lambda threshold: pair_counts(groups, connected(threshold)).f1),
            note=f"precision {counts.precision:.3f}, recall {counts.recall:.3f} of {counts.hits + counts.missed} pairs"),
        Row(set=name, measure="ARI", figure=adjusted_rand(groups, clusters), to_beat=0.913, goal=Goal(">=", 0.93),
            baselines=each_threshold(lambda threshold: adjusted_rand(groups, connected(threshold))),
            note=f"{len(groups)} items, {len(set(groups))} groups, {len(set(clusters))} clusters"),
    ]  # fmt: skip
    return Report(rows, [], _cluster_mistakes(scanned, groups, clusters))


def _cluster_mistakes(scanned: Scanned, groups: list[str], clusters: list[str]) -> list[Mistake]:
    """One pair for each two clusters that are one group, and for each two groups in one cluster; the more stories are
    concerned, the more it weighs."""
    blocks = list(zip(groups, clusters, strict=True))
    sizes = Counter(blocks)
    example = {block: number for number, block in reversed(list(enumerate(blocks)))}
    found = []
    for one, other in combinations(sorted(sizes), 2):
        if (one[0] == other[0]) == (one[1] == other[1]):
            continue
        split = one[0] == other[0]
        label = f"one group {one[0]}" if split else f"groups {one[0]} and {other[0]}"
        found.append(_cluster_mistake(scanned, (example[one], example[other]), label, sizes[one] * sizes[other], split))
    return found


def _cluster_mistake(scanned: Scanned, numbers: tuple[int, int], label: str, pairs: int, split: bool) -> Mistake:
    a, b = (scanned.corpus.ids[number] for number in numbers)
    texts = scanned.text_of[a], scanned.text_of[b]
    answer = f"{scanned.relation(a, b)}, {'other clusters' if split else 'one cluster'} ({pairs} pairs)"
    return Mistake(set=scanned.corpus.name, a=a, b=b, texts=texts, label=label, answer=answer, weight=pairs)


def outlets(run: Run) -> Report:
    """Silver passages between outlets, and whether the scan lists their pair with any relation, template included."""
    name = "newsarticles2017"
    scanned = run.scanned(name)
    note("  brute force of shared 5-grams (half a minute the first time)")
    silver = silver_passages(scanned.corpus)
    hits = [pair in scanned.relations for pair in silver]

    def by_baseline(threshold: float) -> float:
        found = scanned.baseline_ids(threshold)
        return sum(pair in found for pair in silver) / max(1, len(silver))

    relations = Counter(scanned.relation(a, b) for a, b in silver)
    kinds = ", ".join(f"{kind} {count}" for kind, count in relations.most_common())
    row = Row(set=name, measure=f"recall of cross-outlet pairs, >= {SILVER_SHINGLES} 5-grams, any relation",
              figure=sum(hits) / max(1, len(silver)), baselines=each_threshold(by_baseline), to_beat=0.115,
              goal=Goal(">=", 0.98), note=f"{len(silver)} pairs: {kinds}")  # fmt: skip
    missed = [pair for pair, hit in zip(silver, hits, strict=True) if not hit]
    return Report([row], [], [_missed(scanned, *pair, silver[pair]) for pair in missed])


def _missed(scanned: Scanned, a: str, b: str, shared: int) -> Mistake:
    texts = scanned.text_of[a], scanned.text_of[b]
    label = f"{shared} shared {SHINGLE}-grams"
    return Mistake(set=scanned.corpus.name, a=a, b=b, texts=texts, label=label, answer=NONE, weight=shared)


def silver_passages(corpus: Corpus) -> dict[tuple[str, str], int]:
    """Pairs of stories of different outlets, by ids in order, and how many rare 5-grams they share; by the reference."""
    found = computed(f"silver-{SILVER_SHINGLES}-{SILVER_FREQUENCY}", corpus, lambda: list(_count_silver(corpus)))
    return {(a, b): shared for a, b, shared in found}


def _count_silver(corpus: Corpus) -> Iterator[tuple[str, str, int]]:
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for number, text in enumerate(corpus.texts):
        for shingle in reference.shingle_set(text, SHINGLE):
            holders[shingle].append(number)
    shared: Counter[tuple[int, int]] = Counter()
    for stories in holders.values():
        if 2 <= len(stories) <= SILVER_FREQUENCY:
            shared.update(combinations(stories, 2))
    for (one, other), count in sorted(shared.items()):
        if count >= SILVER_SHINGLES and corpus.records[one]["source"] != corpus.records[other]["source"]:
            a, b = sorted((corpus.ids[one], corpus.ids[other]))
            yield a, b, count


def events(run: Run) -> Report:
    """Stories that tell the same or other events in their own words: no pair may be reported between events."""
    name = "basil"
    scanned = run.scanned(name)
    event = {str(record["id"]): record["event"] for record in scanned.corpus.records}

    def between(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(a, b) for a, b in pairs if event[a] != event[b]]

    wrong = between(scanned.relations)
    row = Row(set=name, measure="pairs between different events, any relation", figure=len(wrong), goal=Goal("=", 0),
              baselines=each_threshold(lambda threshold: len(between(scanned.baseline_ids(threshold)))), digits=0,
              note=f"{len(scanned.relations) - len(wrong)} pairs within events")  # fmt: skip
    return Report([row], [], [_between(scanned, *pair) for pair in wrong])


def _between(scanned: Scanned, a: str, b: str) -> Mistake:
    texts = scanned.text_of[a], scanned.text_of[b]
    relation = scanned.relation(a, b)
    return Mistake(set=scanned.corpus.name, a=a, b=b, texts=texts, label="other events", answer=relation, weight=1)
