"""Ctrl-C and SIGTERM between batches, not within one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """The run was asked to stop; ``exit_code`` is what a shell expects of a program that a signal ended."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class Stopping:
    """While in use as a context, a signal to stop raises Stopped; inside ``held()`` the first one does so at its end."""

    def __init__(self) -> None:
        self._held = False
        self._asked = 0
        self._before: dict[int, object] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Finish what is in here first."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            if self._asked:
                raise Stopped(self._asked)

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():  # no other can be told
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._told)
        return self

    def __exit__(self, *error: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    def _told(self, number: int, frame: FrameType | None) -> None:
        if self._held and not self._asked:
            self._asked = number
            return
        raise Stopped(number)
