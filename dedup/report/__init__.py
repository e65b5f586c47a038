"""Takes results, gives files and tables: JSON lines, CSV, Parquet, HTML pages, and what a terminal shows.

Guarantees: the same result gives the same bytes; nothing of a story can run as a formula or a script, or drive a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedup.lazily import exports

if TYPE_CHECKING:
    from dedup.report.evaluation import evaluation_table, tuning_notes
    from dedup.report.explained import explanation_table
    from dedup.report.explainedjson import explanation_json
    from dedup.report.html import page_writer
    from dedup.report.indexes import index_info, info_json, info_lines
    from dedup.report.pairpage import explanation_html
    from dedup.report.records import decision_format, evaluation_json, write_decisions, write_pairs
    from dedup.report.reportdata import page_data, scan_page
    from dedup.report.reread import read_decisions, read_pairs, stories_again
    from dedup.report.table import scan_table

__all__ = [
    "decision_format",
    "evaluation_json",
    "evaluation_table",
    "explanation_html",
    "explanation_json",
    "explanation_table",
    "index_info",
    "info_json",
    "info_lines",
    "page_data",
    "page_writer",
    "read_decisions",
    "read_pairs",
    "scan_page",
    "scan_table",
    "stories_again",
    "tuning_notes",
    "write_decisions",
    "write_pairs",
]

_MODULES = {
    "evaluation": ("evaluation_table", "tuning_notes"),
    "explained": ("explanation_table",),
    "explainedjson": ("explanation_json",),
    "html": ("page_writer",),
    "indexes": ("index_info", "info_json", "info_lines"),
    "pairpage": ("explanation_html",),
    "records": ("decision_format", "evaluation_json", "write_decisions", "write_pairs"),
    "reportdata": ("page_data", "scan_page"),
    "reread": ("read_decisions", "read_pairs", "stories_again"),
    "table": ("scan_table",),
}
if not TYPE_CHECKING:
    __getattr__ = exports(__name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names})
