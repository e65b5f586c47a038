"""Every story of three data sets has the signature that datasketch gives it: English, Arabic, Japanese."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from corpora import DATASETS, digest, records, reference_digest

from dedup import kernels


@pytest.mark.parametrize("name", DATASETS)
def test_every_story_has_datasketchs_signature(name: str) -> None:
    every = int(os.environ.get("DEDUP_EVERY", "1"))
    texts = [record["text"] for record in records(name)][::every]
    native = [digest(row.astype("<u4").tobytes()) for row in kernels.signatures(texts)]
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 8), get_context("spawn")) as pool:
        plain = list(pool.map(reference_digest, texts, chunksize=200))
    assert [number for number, pair in enumerate(zip(native, plain, strict=True)) if pair[0] != pair[1]] == []
