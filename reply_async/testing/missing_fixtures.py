"""Stands in for `fixtures.py` where pytest-asyncio is missing or too old.

Whoever asks for one of the fixtures reads what to install, instead of being told
that there is no such fixture.
"""

import pytest


def _ask_for_pytest_asyncio(request: pytest.FixtureRequest) -> None:
    pytest.fail(
        f"{request.fixturename} needs pytest-asyncio: pip install 'pytest-asyncio>=1.5'",
        pytrace=False,
    )


reply_clock = pytest.fixture(_ask_for_pytest_asyncio, name="reply_clock")
reply_emulator = pytest.fixture(_ask_for_pytest_asyncio, name="reply_emulator")
reply_faults = pytest.fixture(_ask_for_pytest_asyncio, name="reply_faults")
reply_session = pytest.fixture(_ask_for_pytest_asyncio, name="reply_session")
