from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

Texts = Sequence[str] | _ArrowArray | _ArrowStream
U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

FOLD_VERSION: Final[str]
OPENING: Final[int]
UNDATED: Final[int]

def simd_level() -> int: ...
def set_simd_level(level: int) -> None: ...
def xxh3_64(data: bytes) -> int: ...
def tokens(text: str) -> list[tuple[str, int, int]]: ...
def token_counts(texts: Texts | Any, threads: int = 0) -> U32: ...
def shingle_hashes(texts: Texts | Any, shingle: int = 5) -> tuple[U64, U64]: ...
def permute_hashes(hashes: U64, ends: U64, num_perm: int = 128) -> U32: ...
def passage_keys(text: str, shingle: int = 5, window: int = 12) -> U64: ...
def signatures(texts: Texts | Any, num_perm: int = 128, shingle: int = 5, threads: int = 0) -> U32: ...

class Corpus:
    def __init__(self, shingle: int = 5, window: int = 12, num_perm: int = 128) -> None: ...
    def __len__(self) -> int: ...
    def add(self, texts: Texts | Any, threads: int = 0) -> None: ...
    def token_counts(self) -> U32: ...
    def identical_heads(self, order: U32) -> list[int]: ...
    def compare_pairs(
        self,
        pairs: U32,
        gap: int,
        min_words: int,
        jaccard: float,
        containment: float,
        words: int,
        shingles: int,
        threads: int = 0,
    ) -> tuple[U32, U32, U64]: ...

def band_pairs(
    corpus: Corpus,
    order: U32,
    active: U8,
    published: I64,
    window: int,
    known: U32,
    threads: int,
    bands: int,
    rows: int,
    full: int,
    limit: int,
) -> tuple[U32, int]: ...
def shared_keys(corpus: Corpus, order: U32, pairs: U32, threads: int = 0) -> tuple[U32, U32]: ...
def passage_pairs(
    corpus: Corpus,
    order: U32,
    active: U8,
    published: I64,
    window: int,
    known: U32,
    threads: int,
    kept: U8,
    cap: int,
    limit: int,
) -> tuple[U32, int]: ...
