"""Signatures as datasketch's ``MinHash``, and stories in a ``MinHashLSH`` that is there already (dict, Redis, Cassandra).

A ``MinHashLSH`` stores ids and bands, no texts. So what it can say is "these share a band", which is a guess that datasketch
tunes to its ``threshold``; whether one repeats the other is for whoever has the texts: ``dedup.compare``. For verified
answers, passages and templates there is ``dedup.open_index``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xxhash

from dedup.errors import DedupError, IndexFault, UsageError
from dedup.settings import Settings
from dedup.sketch import signatures
from dedup.story import Story

if TYPE_CHECKING:
    from types import ModuleType

    from datasketch import MinHash, MinHashLSH

_SCHEME = "affine32"
_SEED = 1
_UNFILLED = 0xFFFFFFFF
# Ids are any str: lone surrogates, as of file names, have bytes of their own.
_CODEC = ("utf-8", "surrogatepass")
_ONE_WAY = "fill an index of its own with dedup's signatures"


def to_datasketch(signature: npt.NDArray[np.uint32]) -> MinHash | list[MinHash]:
    """A signature as a ``datasketch.MinHash``; a table of them, as ``signatures`` gives, as a list.

    It equals the MinHash that datasketch makes of the story's shingles, and can be updated with more of them, as bytes:
    words folded, joined by one space. The values are copied.

    UsageError for what is no array of uint32 of one or two dimensions, or where datasketch 2 is not installed.

    >>> import dedup
    >>> one, other = dedup.to_datasketch(dedup.signatures(["a b c d e f g", "A B C D E F"]))
    >>> 0 < one.jaccard(other) < 1
    True
    """
    package = _datasketch()
    if not isinstance(signature, np.ndarray) or signature.dtype != np.uint32:
        kind = getattr(signature, "dtype", None) or type(signature).__name__
        raise UsageError(f"signature of {kind}: must be an array of uint32; pass what dedup.signatures() gave")
    if signature.ndim not in (1, 2) or not signature.shape[-1]:
        raise UsageError(f"signature of shape {signature.shape}: must be (num_perm,), or (stories, num_perm)")
    # Every MinHash would work them out again.
    permutations = package.MinHash(signature.shape[-1], seed=_SEED, scheme=_SCHEME).permutations
    made = [
        package.MinHash(seed=_SEED, scheme=_SCHEME, hashvalues=row, permutations=permutations, hashfunc=shingle_hash)
        for row in np.atleast_2d(signature)
    ]
    return made[0] if signature.ndim == 1 else made


def shingle_hash(shingle: bytes) -> int:
    """The 32 bits of a shingle that signatures are made from."""
    return xxhash.xxh3_64_intdigest(shingle) & 0xFFFFFFFF


class DatasketchIndex:
    """Stories in a ``MinHashLSH``: which ids share a band with one.

    ``lsh`` keeps its bands, rows, hash function and storage; with a storage other than a dict it must have been made with
    ``prepickle=False`` and a ``basename``. Ids are its keys, as UTF-8 where the storage is not a dict: nothing is pickled,
    and nothing that is found there is ever unpickled. ``settings`` say how stories are sketched; None takes the defaults,
    with as many values as the index has.

    What it cannot do: verify a candidate, tell how alike two stories are, find passages, tell templates apart, forget by
    age. It cannot know by what settings, hash or seed the signatures in it were made: all must be dedup's, with one
    ``shingle``. Threads of one process take turns; several processes do not: of two alike that are added at once each may
    be told that there is no other.

    UsageError for an index that cannot be used so; IndexFault when its storage fails, never an empty answer.

    >>> from datasketch import MinHashLSH
    >>> index = DatasketchIndex(MinHashLSH(num_perm=128, params=(42, 3)))
    >>> lead = "The two ministers signed a joint statement on shared fishing rights"
    >>> index.add(Story(id="a", text=lead)), index.add(Story(id="b", text=lead + " today"))
    ([], ['a'])
    """

    def __init__(self, lsh: MinHashLSH, *, settings: Settings | None = None) -> None:
        package = _datasketch()
        _check_kind(lsh, package)
        if settings is not None and settings.num_perm != lsh.h:
            raise UsageError(
                f"MinHashLSH of num_perm {lsh.h}: signatures have {settings.num_perm} values; "
                f"make it with num_perm={settings.num_perm}, or pass settings with num_perm={lsh.h}"
            )
        self.settings = settings or Settings().replaced(num_perm=lsh.h)
        self._lsh, self._package = lsh, package
        self._bytes = not _in_a_dict(lsh)
        self._lock = threading.Lock()

    def candidates(self, story: Story) -> list[str]:
        """The ids that share a band with a story, sorted, its own left out.

        UsageError for a story of fewer words than a shingle has: it has no signature.
        """
        minhash = self._minhash(story)
        with self._lock, _telling():
            return self._candidates(story, minhash)

    def add(self, story: Story) -> list[str]:
        """``candidates``, and then the story is one of them.

        An id that is there with the same bands is no error, and what an interrupted ``add`` left out is made good. With
        other bands it is a UsageError: ``remove`` it first, if it is the same story in other words.
        """
        minhash = self._minhash(story)
        with self._lock, _telling():
            found = self._candidates(story, minhash)
            self._insert(story, minhash)
            return found

    def remove(self, id: str) -> bool:
        """Forget a story; False if it is not there."""
        key = self._key(id)
        with self._lock, _telling():
            if key not in self._lsh:
                return False
            self._lsh.remove(key)
            return True

    def _minhash(self, story: Story) -> MinHash:
        signature = signatures([story.text], num_perm=self.settings.num_perm, shingle=self.settings.shingle)[0]
        if signature.min() == _UNFILLED:
            raise UsageError(
                f"story {story.id!r}: has fewer than {self.settings.shingle} words, so it would match every other such "
                "story; leave it out"
            )
        return to_datasketch(signature)

    def _candidates(self, story: Story, minhash: MinHash) -> list[str]:
        return sorted({self._id(key) for key in self._lsh.query(minhash)} - {story.id})

    def _insert(self, story: Story, minhash: MinHash) -> None:
        key = self._key(story.id)
        there = list(self._lsh.keys.get(key)) if key in self._lsh else []
        if not there:  # a key without bands is what is left of an insertion that was interrupted
            self._lsh.insert(key, minhash, check_duplication=False)
            return
        bands = self._bands(minhash)
        if there[: self._lsh.b] != bands:  # longer where two processes added it at once
            raise UsageError(f"story {story.id!r}: is in the index with other words; remove it first, or give another id")
        for band, table in zip(bands, self._lsh.hashtables, strict=True):
            table.insert(band, key)

    def _bands(self, minhash: MinHash) -> list[bytes]:
        """The bands of a signature as the index stores them."""
        params, hashfunc = (self._lsh.b, self._lsh.r), self._lsh.hashfunc
        alone = self._package.MinHashLSH(num_perm=self._lsh.h, params=params, hashfunc=hashfunc)
        alone.insert("", minhash)
        return list(alone.keys.get(""))

    def _key(self, id: str) -> str | bytes:
        if not id:  # in Redis that is the name of the table of keys
            raise UsageError("story '': has no id; give one, by which it can be told of")
        return id.encode(*_CODEC) if self._bytes else id

    def _id(self, key: object) -> str:
        if isinstance(key, str):
            return key
        if isinstance(key, bytes) and self._bytes:
            try:
                return key.decode(*_CODEC)
            except UnicodeDecodeError:
                why = "is no UTF-8, as a key that was pickled; it was not unpickled"
                raise IndexFault(f"MinHashLSH: key {key[:60]!r} {why}; {_ONE_WAY}") from None
        raise IndexFault(f"MinHashLSH: key {key!r} is a {type(key).__name__}, ids are str; {_ONE_WAY}")


def _datasketch() -> ModuleType:
    try:
        import datasketch
    except ImportError:
        raise UsageError("signatures as MinHash need datasketch: pip install 'datasketch>=2.0'") from None
    if not hasattr(datasketch.MinHash(2), "scheme"):
        version = datasketch.__version__
        raise UsageError(f"datasketch {version}: has another MinHash than 2.0; pip install 'datasketch>=2.0'")
    package: ModuleType = datasketch
    return package


def _in_a_dict(lsh: MinHashLSH) -> bool:
    from datasketch.storage import DictListStorage

    return isinstance(lsh.keys, DictListStorage)


def _check_kind(lsh: Any, package: ModuleType) -> None:
    """UsageError for what is no MinHashLSH, or one whose keys would be pickled or not be found again."""
    if not isinstance(lsh, package.MinHashLSH):
        raise UsageError(f"index of {type(lsh).__name__}: must be a datasketch.MinHashLSH; pass one")
    if lsh.prepickle:
        raise UsageError(
            "MinHashLSH with prepickle: whoever can write to its storage could run code here; make it with "
            "prepickle=False, and fill it anew if it was filled with pickled keys"
        )
    config = getattr(lsh.keys, "config", getattr(lsh.keys, "_config", None))
    if not _in_a_dict(lsh) and isinstance(config, dict) and "basename" not in config:
        raise UsageError(
            "MinHashLSH without a basename: stores under a random name, so the next run would find it empty; "
            "give its storage_config a 'basename'"
        )


@contextmanager
def _telling() -> Iterator[None]:
    """Whatever the storage raises, as an error of ours: a look-up that failed must not pass for "nothing found"."""
    try:
        yield
    except DedupError:
        raise
    except UnicodeError as error:
        raise IndexFault(f"MinHashLSH: its storage decodes what it reads ({error}); turn that off") from error
    except ValueError as error:  # signatures of another scheme are in it
        raise UsageError(f"MinHashLSH: {error}; {_ONE_WAY}") from error
    except Exception as error:
        why = f"its storage failed: {type(error).__name__}: {error}"
        raise IndexFault(f"MinHashLSH: {why}; nothing was found out, try again when it works") from error
