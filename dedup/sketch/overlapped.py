"""Sketching behind the back of whoever reads: the core needs no interpreter, so both go on at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

from dedup import kernels


class Sketching:
    """Adds texts to a corpus while the caller goes on, one batch at a time; a corpus is whole after ``wait`` only.

    ``threads`` 0 means one a core, of which the caller needs one; with 1 nothing goes on behind anybody's back.
    """

    def __init__(self, corpus: kernels.Corpus, threads: int = 0) -> None:
        self._corpus = corpus
        self._threads = threads or os.cpu_count() or 1
        self._worker: threading.Thread | None = None
        self._failure: BaseException | None = None

    def add(self, texts: Sequence[str]) -> None:
        """Begin to sketch these texts, once the ones before them are done. What failed with those is raised here."""
        self.wait()
        if self._threads == 1:
            self._corpus.add(texts, 1)
            return
        self._worker = threading.Thread(target=self._sketch, args=(texts,), name="dedup-sketch")
        self._worker.start()

    def wait(self) -> None:
        """Wait until all is sketched. ValueError for a text of over 256 MiB; MemoryError."""
        if self._worker:
            self._worker.join()
            self._worker = None
        failure, self._failure = self._failure, None
        if failure:
            raise failure

    def _sketch(self, texts: Sequence[str]) -> None:
        try:
            self._corpus.add(texts, self._threads - 1)
        except BaseException as failure:  # whatever it is, it is for the caller
            self._failure = failure
