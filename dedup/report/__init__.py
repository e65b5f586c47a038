"""Takes results, gives files and tables: JSON lines, CSV, Parquet, HTML pages, and what a terminal shows.

Guarantees: the same result gives the same bytes; nothing of a story can run as a formula or a script, or drive a terminal.
"""

from __future__ import annotations

from dedup.report.evaluation import evaluation_table, tuning_notes
from dedup.report.explained import explanation_table
from dedup.report.explainedjson import explanation_json
from dedup.report.html import page_writer
from dedup.report.indexes import index_info, info_json, info_lines
from dedup.report.pairpage import explanation_html
from dedup.report.records import decision_format, evaluation_json, pair_lines, write_decisions, write_pairs
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
    "pair_lines",
    "read_decisions",
    "read_pairs",
    "scan_page",
    "scan_table",
    "stories_again",
    "tuning_notes",
    "write_decisions",
    "write_pairs",
]
