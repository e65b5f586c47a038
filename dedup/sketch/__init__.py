"""Takes texts, gives sketches: signatures for users, and the corpus a scan works on.

Guarantees: a signature is bit-identical to datasketch's ``MinHash(num_perm, seed=1, scheme="affine32")`` over the
xxh3-hashed shingles, whatever the number of threads and the processor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedup import kernels
from dedup.settings import Settings
from dedup.sketch.overlapped import Sketching
from dedup.sketch.spilling import Limit, Spilling

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from dedup.kernels._native import Texts

__all__ = ["Limit", "Sketching", "Spilling", "new_corpus", "signatures"]


def signatures(texts: Texts, *, num_perm: int = 128, shingle: int = 5, threads: int = 0) -> npt.NDArray[np.uint32]:
    """The MinHash signature of each text.

    ``texts`` is a list of str, or anything that offers Arrow strings (``__arrow_c_array__`` or ``__arrow_c_stream__``:
    pyarrow, polars, pandas, DuckDB), which are read where they lie. A null counts as an empty text.

    Returns a ``(len(texts), num_perm)`` array of uint32. A text of fewer than ``shingle`` tokens has no shingles, and
    0xFFFFFFFF in every place, as an empty datasketch MinHash has.

    TypeError where an element is no string; ValueError where ``shingle`` is not in 1..64 or ``num_perm`` not in 1..65536.

    >>> import dedup
    >>> dedup.signatures(["one two three four five six"]).shape
    (1, 128)
    """
    return kernels.signatures(texts, num_perm=num_perm, shingle=shingle, threads=threads)


def new_corpus(settings: Settings) -> kernels.Corpus:
    """An empty corpus that sketches the texts added to it as ``settings`` say."""
    return kernels.Corpus(settings.shingle, settings.passage_window, settings.num_perm)
