"""Takes paths (folders, files, "-" for standard input), gives stories, guarantees that no input stops the run.

::

    path ──folder──> file ──stream──> bounded chunks ──kinds──> a reader ──record, roles, dates──> Story
                           compression     └──archive──> members ──kinds──^

One module a format, chosen by suffix and content: ``text``, ``markup`` (HTML), ``jsonl``, ``jsonfile`` (documents,
arrays, ninjs), ``table`` (CSV, TSV), ``arrow`` (Parquet, Arrow IPC), ``newsxml`` (NITF, NewsML-G2), ``warc``; ``archive``
opens zip and tar. Each file may be compressed (``.gz``, ``.zst``, ``.bz2``, ``.xz``), and texts be in any encoding
(``decoding``). A single file of any other suffix is told by its content, and is a text if that tells nothing; in a folder
it is passed over. Hidden files and folders are not looked at, and symbolic links not followed, unless given by the user.

Guarantees:

- the same stories in the same order on every run: folders are walked in the byte order of their names;
- every file is read once, however many paths, roots or hard links lead to it;
- no two files under one root share an id, and no two names share a spelling (see :mod:`dedup.read.names`);
- every file or record that should have given a story and did not is reported as a :class:`~dedup.story.Problem` with
  ``failed=True``, and what was rightly passed over with ``failed=False``; then the run goes on;
- memory grows by no more than twice the line limit and 64 MiB, whatever the input expands to; for zstd and xz, by
  their window besides.
"""

from dedup.read.dates import parse_date
from dedup.read.jsonl import has_field
from dedup.read.names import name_bytes
from dedup.read.options import ReadOptions
from dedup.read.reading import read_blocks, read_stories, total_bytes

__all__ = ["ReadOptions", "has_field", "name_bytes", "parse_date", "read_blocks", "read_stories", "total_bytes"]
