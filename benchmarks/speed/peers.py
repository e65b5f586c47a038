"""Other ways from text to a 128-value MinHash of word 5-shingles, each called as its own documentation has it.

None folds or segments as the package does, and none is bound to datasketch's values except datasketch itself, so each
does less than what it stands beside; ``does_not`` says what. Where there was a choice the peer's faster path was taken.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from benchmarks.truth import BANDS, Hits, Rows, band_hits, listed_hits

NUM_PERM = 128
SHINGLE = 5

_SEPARATED = bytes(
    ord(chr(byte).lower()) if byte < 0x80 and chr(byte).isalnum() else byte if byte >= 0x80 else ord(" ")
    for byte in range(256)
)


def shingles(text: str) -> list[bytes]:
    """Word 5-shingles by the quickest means plain Python has: no regular expression, and of folding only ASCII case.

    On ASCII the same shingles as the package's, so datasketch must give the same signature there.
    """
    words = text.encode().translate(_SEPARATED).split()
    return [b" ".join(run) for run in zip(words, words[1:], words[2:], words[3:], words[4:], strict=False)]


class Peer:
    """A library that makes signatures. Creating one imports it: ModuleNotFoundError where it is not installed."""

    name: ClassVar[str]
    module: ClassVar[str]
    requirement: ClassVar[str]
    does_not: ClassVar[str]
    rounds: ClassVar[int] = 5

    def __init__(self) -> None:
        self.api: Any = importlib.import_module(self.module)

    def sketcher(self, texts: Sequence[str]) -> Callable[[], Any]:
        """What is timed; whatever may be prepared beforehand is done here."""
        raise NotImplementedError

    def signatures(self, sketched: Any) -> npt.NDArray[np.uint32]:
        """The values, of what ``sketcher`` gave; not timed."""
        raise NotImplementedError

    def hits(self, texts: Sequence[str], sketched: Any, pairs: Rows) -> Hits:
        """For each pair, whether the sketches would propose it."""
        return band_hits(self.signatures(sketched), pairs)


class Datasketch(Peer):
    """The definition. Fed by ``shingles``, hashed by xxh3 as in tests/reference.py."""

    name = "datasketch"
    module = "datasketch"
    requirement = "datasketch>=2.0"
    does_not = "no Unicode folding (Python tokeniser, ASCII case); same values as dedup on ASCII"
    rounds = 2

    def sketcher(self, texts: Sequence[str]) -> Callable[[], Any]:
        import xxhash

        def hash32(shingle: bytes) -> int:
            return xxhash.xxh3_64_intdigest(shingle) & 0xFFFFFFFF

        def sketch() -> Any:
            blank = self.api.MinHash(NUM_PERM, seed=1, scheme="affine32", hashfunc=hash32)
            made = []
            for text in texts:
                minhash = blank.copy()  # cheaper than drawing the permutations anew, as MinHash.bulk does it
                minhash.update_batch(shingles(text))
                made.append(minhash)
            return made

        return sketch

    def signatures(self, sketched: Any) -> npt.NDArray[np.uint32]:
        return np.array([minhash.hashvalues for minhash in sketched], np.uint32)


class Rensa(Peer):
    """Its batch call for full-set R-MinHash. The rho sketch beside it samples tokens, so it is another thing."""

    name = "rensa"
    module = "rensa"
    requirement = "rensa>=0.5"
    does_not = "no tokeniser (Python, ASCII case); a few hashes a shingle fill all slots: own values"
    rounds = 3

    def sketcher(self, texts: Sequence[str]) -> Callable[[], Any]:
        sketch = self.api.RMinHash.digest_matrix_from_token_sets
        return lambda: sketch(((shingle.decode() for shingle in shingles(text)) for text in texts), NUM_PERM, 1)

    def signatures(self, sketched: Any) -> npt.NDArray[np.uint32]:
        return np.array(sketched.to_rows(), np.uint32)


class Gaoya(Peer):
    """It hands out no signature, so the timed call is ``query`` on an empty index of one band: a sketch and one look-up.

    Recall is that of its own index with as many values as fit dedup's bands and rows, every candidate counted.
    """

    name = "gaoya"
    module = "gaoya.minhash"
    requirement = "gaoya>=0.2.2"
    does_not = "no Unicode folding (lower-cases), no segmentation of unspaced scripts; own values, not handed out"

    def sketcher(self, texts: Sequence[str]) -> Callable[[], Any]:
        query = self._index(1, NUM_PERM).query

        def sketch() -> None:
            for text in texts:
                query(text)

        return sketch

    def hits(self, texts: Sequence[str], sketched: Any, pairs: Rows) -> Hits:
        index = self._index(*BANDS)
        index.par_bulk_insert_docs(list(range(len(texts))), list(texts))
        first = sorted({a for a, _ in pairs.tolist()})
        return listed_hits({(a, b) for a in first for b in index.query(texts[a])}, pairs)

    def _index(self, bands: int, rows: int) -> Any:
        return self.api.MinHashStringIndex(
            hash_size=32,
            jaccard_threshold=0.0,
            num_bands=bands,
            band_size=rows,
            analyzer="word",
            lowercase=True,
            ngram_range=(SHINGLE, SHINGLE),
        )


@cache
def _single_threaded(api: Any) -> None:
    """Daft takes the number of its threads once."""
    api.set_runner_native(num_threads=1)


class Daft(Peer):
    """Its ``minhash`` expression over an Arrow column made beforehand, with xxh3, the fastest of its hashes."""

    name = "daft"
    module = "daft"
    requirement = "daft>=0.7"
    does_not = "splits at single spaces: no folding, case or punctuation; own values; texts already in Arrow"

    def __init__(self) -> None:
        super().__init__()
        _single_threaded(self.api)

    def sketcher(self, texts: Sequence[str]) -> Callable[[], Any]:
        import pyarrow as pa  # type: ignore[import-untyped, import-not-found, unused-ignore]

        frame = self.api.from_arrow(pa.table({"text": pa.array(texts, pa.large_string())}))
        minhash = importlib.import_module("daft.functions").minhash
        wanted = minhash(self._words(), num_hashes=NUM_PERM, ngram_size=SHINGLE, hash_function="xxhash3_64")
        return lambda: frame.select(wanted).to_arrow()

    def _words(self) -> Any:
        return self.api.col("text")

    def signatures(self, sketched: Any) -> npt.NDArray[np.uint32]:
        flat = sketched.column(0).combine_chunks().flatten()
        return np.asarray(flat, np.uint32).reshape(-1, NUM_PERM)


class DaftNormalised(Daft):
    """The same after its ``normalize``, as its documentation recommends: nearer to what the package does."""

    name = "daft normalised"
    does_not = "lower-cases and strips ASCII punctuation: no Unicode folding; own values; texts already in Arrow"

    def _words(self) -> Any:
        normalise = importlib.import_module("daft.functions").normalize
        return normalise(self.api.col("text"), remove_punct=True, lowercase=True, white_space=True)


class FastSketch(Peer):
    """FastSketchLSH, its batch call on one thread. Sets that are empty it refuses: those get a shingle that no other has."""

    name = "FastSketchLSH"
    module = "FastSketchLSH"
    requirement = "fastsketchlsh>=1.0"
    does_not = "no tokeniser (Python, ASCII case); a few hashes a shingle fill all slots: own values"
    rounds = 3

    def sketcher(self, texts: Sequence[str]) -> Callable[[], Any]:
        batch = self.api.FastSimilaritySketch(size=NUM_PERM).batch
        return lambda: batch([shingles(text) or [str(number).encode()] for number, text in enumerate(texts)], num_threads=1)

    def signatures(self, sketched: Any) -> npt.NDArray[np.uint32]:
        low: npt.NDArray[np.uint32] = sketched.astype(np.uint32)  # of 64 bits; the low ones tell two values apart
        return low


class Tors(Peer):
    """One call a text, on the words of UAX #29, lower-cased."""

    name = "tors"
    module = "tors"
    requirement = "tors>=0.16"
    does_not = "no Unicode folding (lower-cases); own values; one text a call"
    rounds = 2

    def sketcher(self, texts: Sequence[str]) -> Callable[[], Any]:
        signature = self.api.minhash_signature
        return lambda: [signature(text, num_perm=NUM_PERM, shingle_size=SHINGLE) for text in texts]

    def signatures(self, sketched: Any) -> npt.NDArray[np.uint32]:
        return np.array(sketched, np.uint64).astype(np.uint32)


class Stringzillas(Peer):
    """Fingerprints of bytes: windows of 32, about as long as five words, on one core; the texts lie in its own strings."""

    name = "stringzillas"
    module = "stringzillas"
    requirement = "stringzillas-cpus>=5"
    does_not = "no words: windows of 32 bytes, no folding or case; own values; texts prepared"
    rounds = 2

    def sketcher(self, texts: Sequence[str]) -> Callable[[], Any]:
        strings = importlib.import_module("stringzilla").Strs(list(texts))
        engine = self.api.Fingerprints(ndim=NUM_PERM, window_widths=np.array([32], np.uint64))
        one_core = self.api.DeviceScope(cpu_cores=1)
        return lambda: engine(strings, one_core)[0]

    def signatures(self, sketched: Any) -> npt.NDArray[np.uint32]:
        return np.asarray(sketched, np.uint32)


PEERS: tuple[type[Peer], ...] = (Datasketch, Rensa, FastSketch, Gaoya, Daft, DaftNormalised, Tors, Stringzillas)
