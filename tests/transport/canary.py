"""A key that is looked for wherever it must not be."""

from __future__ import annotations

import pickle
import secrets
import traceback


class Canary:
    """A key that is looked for wherever it must not be.

    Frames of a test must not hold ``key`` in a variable of their own.
    """

    def __init__(self) -> None:
        self.key = f"emu_canary{secrets.token_hex(8)}"

    def assert_absent(self, *texts: object) -> None:
        """Fail if the key shows up in the ``str`` or ``repr`` of anything."""
        for thing in texts:
            assert self.key not in str(thing), f"the key shows up in a {type(thing).__name__}"
            assert self.key not in repr(thing), f"the key shows up in a {type(thing).__name__}"

    def assert_not_told_by(self, error: BaseException) -> None:
        """Fail if an error, or one that it hides, tells the key, also in frames and pickles."""
        for each in chain(error):
            told = traceback.TracebackException.from_exception(each, capture_locals=True)
            frames = "".join(told.format(chain=False))
            assert self.key not in frames, f"the key stands in a frame of {type(each).__name__}"
            self.assert_absent(each, each.args, vars(each))
        assert self.key.encode() not in pickle.dumps(error)


def chain(error: BaseException) -> list[BaseException]:
    """Return an error with all its causes and contexts, the hidden ones too."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and each not in found:
            found.append(each)
            waiting += [each.__cause__, each.__context__]
    return found
