"""Names of files in JSON, which holds text only, where a name may be any bytes."""

from __future__ import annotations

from contextlib import suppress

import msgspec


class RawName(msgspec.Struct, frozen=True, omit_defaults=True):
    """A name that is not Unicode text, for JSON: its bytes in base64.

    ``surrogates`` marks one that holds lone surrogates that stand for no byte, as JSON records may.
    """

    from_bytes: bytes
    surrogates: bool = False

    def __str__(self) -> str:
        return self.from_bytes.decode("utf-8", "surrogatepass" if self.surrogates else "surrogateescape")


def json_name(name: str) -> str | RawName:
    """A name in a form that JSON can hold; ``str()`` of it is the name again, whatever bytes it is made of."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        pass
    else:
        return name
    with suppress(UnicodeEncodeError):
        raw = RawName(name.encode("utf-8", "surrogateescape"))
        if str(raw) == name:
            return raw
    return RawName(name.encode("utf-8", "surrogatepass"), surrogates=True)
