"""A headless Chromium, driven by its own protocol over a websocket."""

from __future__ import annotations

import asyncio
import base64
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
STARTED_SECONDS = 30

Json = dict[str, Any]


class Tab:
    """One tab: what it is told to do, and all that it asked for and complained of."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._loaded = asyncio.Event()
        self.requested: list[str] = []
        self.complaints: list[str] = []

    async def send(self, method: str, **params: object) -> Json:
        """Call a method of the protocol and return its result."""
        number = len(self._answers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        result: Json = await answer
        return result

    async def listen(self) -> None:
        """Read answers and events until the browser is gone."""
        async for message in self._socket:
            content = message.json()
            if "id" not in content:
                self._note(content["method"], content["params"])
            elif "error" in content:
                error = AssertionError(content["error"]["message"])
                self._answers[content["id"]].set_exception(error)
            else:
                self._answers[content["id"]].set_result(content["result"])

    def _note(self, event: str, params: Json) -> None:
        if event == "Page.loadEventFired":
            self._loaded.set()
        elif event == "Network.requestWillBeSent":
            self.requested.append(params["request"]["url"])
        elif event == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(params["exceptionDetails"]["text"])
        elif event == "Runtime.consoleAPICalled":
            self.complaints.append(str(params["args"]))

    async def open(self, url: str) -> Self:
        """Go to an address and wait until it is loaded."""
        self._loaded.clear()
        await self.send("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), STARTED_SECONDS)
        return self

    async def value(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        options = {"returnByValue": True, "awaitPromise": True}
        answer = await self.send("Runtime.evaluate", expression=expression, **options)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        async with asyncio.timeout(STARTED_SECONDS):
            while not await self.value(expression):  # noqa: ASYNC110 - a page tells no one
                await asyncio.sleep(0.05)

    async def picture(self, width: int, height: int, *, scheme: str = "light") -> bytes:
        """Return a PNG of the page at a width, in light or dark mode."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.send("Emulation.setEmulatedMedia", features=features)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.send("Emulation.setDeviceMetricsOverride", **size)
        answer = await self.send("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])


@asynccontextmanager
async def open_browser(profile: Path) -> AsyncIterator[Tab]:
    """Start a Chromium with a fresh profile and give its tab."""
    assert CHROMIUM is not None
    program = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *FLAGS,
        f"--user-data-dir={profile}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession() as http:
            port = await _port(profile)
            async with http.get(f"http://127.0.0.1:{port}/json") as answer:
                pages = await answer.json()
            url = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
            async with http.ws_connect(url, max_msg_size=0) as socket:
                tab = Tab(socket)
                listener = asyncio.create_task(tab.listen())
                for domain in ("Page", "Network", "Log", "Runtime"):
                    await tab.send(f"{domain}.enable")
                yield tab
            await listener
    finally:
        if program.returncode is None:
            program.terminate()
        await program.wait()


async def _port(profile: Path) -> str:
    """Return the port that a starting browser writes down."""
    path = profile / "DevToolsActivePort"
    async with asyncio.timeout(STARTED_SECONDS):
        while not (path.exists() and path.read_text()):  # noqa: ASYNC110 - nor does a browser
            await asyncio.sleep(0.05)
    return path.read_text().splitlines()[0]
