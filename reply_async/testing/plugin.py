"""The pytest plugin: offers the fixtures where pytest-asyncio can run them.

pytest loads this module in every project that has the package installed, hence
it imports next to nothing. The fixtures stand in `fixtures.py`; they need
pytest-asyncio 1.5 or newer. Where that is missing their names say so.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

MARKER = (
    "reply_emulator(**options): start this test's reply_emulator with these arguments of "
    "reply_async.emulator.Emulator, such as seed=7 or budget=None"
)


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Offer the dialect of the whole run's emulators."""
    parser.getgroup("reply_async").addoption(
        "--reply-dialect",
        default="default",
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
