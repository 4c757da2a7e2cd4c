"""``emulator``: the local API; its options are its own."""

from typing import Annotated

from cyclopts import Parameter

from reply_async.cli.messages import PROGRAM


def run(*arguments: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
    """Serve the API on this machine, with its real budget."""
    # it names its missing packages itself, and its help needs none of them
    from reply_async.emulator.__main__ import main  # noqa: PLC0415 - not for our own help

    return main(list(arguments), prog=f"{PROGRAM} emulator")
