"""Plots of a recorded run for the documentation: ``python -m benchmarks.plots`` writes speed, growth and curve.svg to docs/.

The newest folder of benchmarks/runs is drawn, or the one named. The same run gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import table
from benchmarks.corpus import MAIN, ROOT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RUNS = Path(__file__).with_name("runs")
DOCS = ROOT / "docs"
OURS, THEIRS, YARDSTICK = "#00705a", "#8a8a86", "#b0500f"
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "dedup",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
SIGNATURES = ("signatures -j 2", "signatures -j 1", "daft", "gaoya", "rensa", "datasketch")
GROWTHS = {"copies": "Reuters again and again, with edits", "fresh": "as many repeats as in Reuters"}


def speeds(axes: Axes, rows: Sequence[table.Row]) -> None:
    """Bars: text to signature, and the recall of pairs at Jaccard .5 or more beside them."""
    found = {row.name: row for row in rows if row.corpus == MAIN and row.source == "texts"}
    shown = [found[name] for name in reversed(SIGNATURES) if name in found]
    labels = [row.name.replace("signatures", "dedup") for row in shown]
    colours = [OURS if row.name.startswith("signatures") else THEIRS for row in shown]
    bars = axes.barh(labels, [row.speed for row in shown], color=colours)
    said = [f" {row.speed:,.0f} MB/s, recall {row.recall_50:.3f}" for row in shown if row.recall_50 is not None]
    axes.bar_label(bars, said, fontsize=9, padding=3)
    axes.set_xlim(right=max(row.speed for row in shown) * 1.35)
    axes.set_xlabel("text to signature of 128 values, MB/s")
    axes.set_title("Reuters-21578, word 5-shingles", loc="left")


def growth(axes: Axes, runs: dict[str, dict[str, Any]]) -> None:
    """Lines on two logarithmic scales: seconds of a scan and of ``wc -w`` by the number of stories."""
    for (kind, run), marker in zip(runs.items(), "os", strict=False):
        stories = [size["stories"] for size in run["sizes"]]
        seconds = [size["scan"]["seconds"] for size in run["sizes"]]
        axes.loglog(stories, seconds, f"-{marker}", color=OURS, label=f"dedup scan: {GROWTHS[kind]}")
        if kind == "copies":
            counting = [size["wc_seconds"] for size in run["sizes"]]
            axes.loglog(stories, counting, "--", color=YARDSTICK, label="wc -w on the same file")
    axes.set_xlabel("stories")
    axes.set_ylabel("seconds")
    axes.set_title("The whole job, two cores", loc="left")
    axes.legend(frameon=False, fontsize=9)


def curve(axes: Axes, run: dict[str, Any]) -> None:
    """Lines: precision, recall and F1 of one threshold on exact Jaccard, and the F1 of dedup's own verdicts."""
    thresholds = [point["threshold"] for point in run["curve"]]
    for name, style in (("precision", ":"), ("recall", "--"), ("f1", "-")):
        axes.plot(thresholds, [point[name] for point in run["curve"]], style, color=THEIRS, label=name.replace("f1", "F1"))
    axes.axhline(run["f1"], color=OURS, label=f"dedup's verdicts, F1 {run['f1']:.3f}")
    axes.set_xlabel("Jaccard similarity from which two stories count as one")
    axes.set_ylim(0, 1.02)
    axes.set_title(f"Would an editor delete one? {run['pairs']} hard pairs of Reuters-21578", loc="left")
    axes.legend(frameon=False, fontsize=9, loc="lower left")


def save(figure: Figure, name: str, docs: Path) -> None:
    docs.mkdir(exist_ok=True)
    figure.tight_layout()
    figure.savefig(docs / f"{name}.svg", metadata={"Date": None, "Creator": None})
    print(docs / f"{name}.svg")


def draw(run: Path, docs: Path) -> None:
    """All plots that the run has figures for."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    def read(name: str) -> Any:
        path = run / name
        return json.loads(path.read_text("utf-8")) if path.is_file() else None

    plans: list[tuple[str, float, Any, Any]] = []
    if results := read("speed.json"):
        plans.append(("speed", 2.6, speeds, table.rows_of(results)))
    if grown := {kind: found for kind in GROWTHS if (found := read(f"scale-{kind}.json"))}:
        plans.append(("growth", 3.6, growth, grown))
    if judged := read("curve.json"):
        plans.append(("curve", 3.6, curve, judged))
    with plt.rc_context(STYLE):
        for name, height, plot, figures in plans:
            figure, axes = plt.subplots(figsize=(7.2, height))
            plot(axes, figures)
            save(figure, name, docs)
            plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plots", description=__doc__)
    parser.add_argument("run", type=Path, nargs="?", help="a folder of benchmarks/runs; the newest by default")
    parser.add_argument("--docs", type=Path, default=DOCS)
    options = parser.parse_args()
    runs = sorted(path for path in RUNS.iterdir() if path.is_dir())
    draw(options.run or runs[-1], options.docs)


if __name__ == "__main__":
    main()
