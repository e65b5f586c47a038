"""Takes labels and stories, gives figures: how right a scan is, why it errs, what it costs, and better settings.

::

    label file ──labels──> pairs  ──┐
                           groups ──┴─> scan ─> scores, curve, mistakes ─> tune ─> settings

Guarantees: what the candidate channels did not propose is told apart from what was judged otherwise; every label that
can't be used is reported; proposed settings come with the F1 to expect on pairs they were not made from.
"""

from __future__ import annotations

from dedup.evaluate.labels import Columns
from dedup.evaluate.metrics import Score
from dedup.evaluate.records import Evaluation, Mistake, Tuning
from dedup.evaluate.run import Question, evaluate

__all__ = ["Columns", "Evaluation", "Mistake", "Question", "Score", "Tuning", "evaluate"]
