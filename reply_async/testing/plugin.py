"""The pytest plugin: offers the fixtures where pytest-asyncio can run them.

pytest loads this module in every project that has the package installed, hence
it imports nothing. The fixtures stand in `fixtures.py`; they need
pytest-asyncio 1.5 or newer and are absent without it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


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
    """Register the fixtures if this run lets a test choose its event loop."""
    if hasattr(config.hook, "pytest_asyncio_loop_factories"):
        config.pluginmanager.import_plugin("reply_async.testing.fixtures")
