"""The pytest plugin: offers the fixtures where pytest-asyncio can run them.

pytest loads this module in every project that has the package installed, hence
it imports next to nothing. The fixtures stand in `fixtures.py`; they need
pytest-asyncio 1.5 or newer. Where that is missing their names say so.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

MARKER = (
    "reply_emulator(**options): start this test's reply_emulator with these arguments of "
    "reply_async.emulator.Emulator, such as seed=7 or budget=None"
)

DEFAULT = "default"


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Offer the dialect of the whole run's emulators."""
    parser.getgroup("reply_async").addoption(
        "--reply-dialect",
        default=DEFAULT,
        metavar="NAME[,ENTRY=VARIANT...]",
        help="how the emulators of reply_emulator answer: default, modern or legacy, "
        "and single entries that differ",
    )


def pytest_configure(config: "pytest.Config") -> None:
    """Register the marker, and the fixtures if this run lets a test choose its event loop."""
    config.addinivalue_line("markers", MARKER)
    can_run = hasattr(config.hook, "pytest_asyncio_loop_factories")
    home = "fixtures" if can_run else "missing_fixtures"
    config.pluginmanager.import_plugin(f"reply_async.testing.{home}")
    _check_dialect(str(config.getoption("--reply-dialect")))


def _check_dialect(given: str) -> None:
    """End the run at its start if it is to speak a dialect that does not exist."""
    if given == DEFAULT:  # nothing is loaded for those who do not use it
        return
    try:
        import_module("reply_async.emulator.dialects").dialects_of(given)
    except ModuleNotFoundError:
        return  # the fixture says what to install
    except ValueError as error:
        from pytest import UsageError  # noqa: PLC0415, PT013 - pytest is there, where it calls us

        raise UsageError(f"--reply-dialect: {error}") from None
