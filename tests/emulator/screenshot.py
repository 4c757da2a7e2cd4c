"""Makes the README's picture of the emulator's page: `cd tests && python -m emulator.screenshot`.

Needs a Chromium, and port 8080, which stands in the picture.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from emulator.browser import open_browser
from emulator.client import MONDAY, Api
from emulator.page_account import fill

from reply_async.emulator import Emulator

PICTURE = Path(__file__).parents[2] / ".github" / "emulator-page.png"


async def main() -> None:
    """Fill an account, open the page and keep what is seen."""
    emulator = Emulator("emu_picture", started_at=MONDAY, dialect="modern")
    await emulator.start(8080)
    try:
        async with aiohttp.ClientSession() as http:
            await fill(emulator, Api(emulator, http))
        with TemporaryDirectory() as profile:
            async with open_browser(Path(profile)) as tab:
                await tab.open(emulator.url)
                picture = await tab.picture(1180, 900)
    finally:
        await emulator.close()
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(picture)


if __name__ == "__main__":
    asyncio.run(main())
