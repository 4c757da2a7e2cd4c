"""The page as a browser shows it: needs a Chromium, is skipped without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.browser import CHROMIUM, Tab, open_browser
from emulator.page_account import fill

from reply_async.emulator import page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from emulator.client import Api

    from reply_async.emulator import Emulator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium: apt-get install chromium"),
]

FIRST_REQUEST = "document.querySelector('#last-requests-rows tr .path')?.textContent"
AS_RELOADED = """
    fetch("/").then((answer) => answer.text()).then((text) => {
        const [here, there] = [document, new DOMParser().parseFromString(text, "text/html")]
            .map((page) => page.querySelector("main").innerHTML.replace(/<time[^]*?<.time>/, ""));
        return here === there;
    })
"""
CONTRAST = """
    [...document.querySelectorAll("body *")].filter((element) =>
        [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
        && !["STYLE", "SCRIPT", "NOSCRIPT"].includes(element.nodeName)
    ).map((element) => {
        const light = (colour) => {
            const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
                .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const groundOf = (inner) => {
            const ground = getComputedStyle(inner).backgroundColor;
            return /, 0\\)$/.test(ground) ? groundOf(inner.parentElement) : ground;
        };
        const both = [getComputedStyle(element).color, groundOf(element)]
            .map(light).sort((one, other) => other - one);
        return [(both[0] + 0.05) / (both[1] + 0.05), element.outerHTML];
    }).filter(([ratio]) => ratio < 4.5)
"""


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    """Give a browser's tab; it may complain of nothing and ask nobody else."""
    async with open_browser(tmp_path) as tab:
        yield tab
    assert [] == tab.complaints


async def test_a_request_shows_up_without_a_reload(tab: Tab, api: Api, emulator: Emulator) -> None:
    """The page fetches itself from the emulator alone, and leaves its marks in place."""
    await api.ok("GET", "/v3/whoami")
    await tab.open(f"{emulator.url}/")
    select = "getSelection().selectAllChildren(document.querySelector('#request-1'))"
    await tab.value(f"window.isOld = true; {select}")
    await tab.until("document.querySelector('#connection').textContent === 'live'")
    await api("GET", "/v3/sequences/4711")
    await tab.until(f"{FIRST_REQUEST} === 'GET /v3/sequences/4711'")
    assert await tab.value("window.isOld && getSelection().toString().includes('/v3/whoami')")
    made = await api.sequence(name="<script>throw 1</script>")
    await tab.until(f"!!document.querySelector('#sequence-{made['id']}')")
    name = await tab.value(f"document.querySelector('#sequence-{made['id']} th').firstChild.data")
    assert "<script>throw 1</script>" == name
    await emulator.close()
    await tab.until("document.querySelector('#connection').textContent === 'no answer'")
    assert {f"{emulator.url}/"} == {url for url in tab.requested if not url.startswith("data:")}
    tab.complaints = [text for text in tab.complaints if "ERR_CONNECTION" not in text]


async def test_the_page_updates_itself_as_if_it_were_loaded_anew(
    tab: Tab, api: Api, emulator: Emulator
) -> None:
    """An update makes of an old page what a reload would show, and keeps what is the same."""
    emulator.set_budget((100, 3000))
    await fill(emulator, api)
    await tab.open(f"{emulator.url}/")
    await tab.value("document.querySelector('#sequence-1001').isOld = true")
    await api.ok("DELETE", "/v3/sequences/1004")
    await api.ok("DELETE", "/v3/contacts/100435")
    emulator.clock.advance(5)
    await tab.until(AS_RELOADED)
    assert await tab.value("document.querySelector('#sequence-1001').isOld")
    emulator.reset()
    await tab.until(AS_RELOADED)
    assert not await tab.value("document.querySelector('tr')")


async def test_the_page_is_whole_without_scripts(
    tab: Tab, api: Api, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is there at once, and it is loaded again by itself."""
    monkeypatch.setattr(page, "WITHOUT_SCRIPTS_SECONDS", 1)
    await fill(emulator, api)
    await tab.send("Emulation.setScriptExecutionDisabled", value=True)
    await tab.open(f"{emulator.url}/")
    text = await tab.value("document.documentElement.outerHTML")
    assert "Founders, third quarter" in text
    assert "karl.branting@import.example" in text
    assert ">live<" not in text
    await api("GET", "/v3/sequences/815")
    await tab.until(f"{FIRST_REQUEST} === 'GET /v3/sequences/815'")
    assert 2 <= len(tab.requested)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_the_page_can_be_read(
    tab: Tab, api: Api, emulator: Emulator, width: int, scheme: str
) -> None:
    """At any width nothing sticks out, and every text stands out from its ground."""
    emulator.set_budget((100, 3000))
    await fill(emulator, api)
    await tab.open(f"{emulator.url}/")
    await tab.picture(width, 900, scheme=scheme)
    assert width == await tab.value("document.documentElement.scrollWidth")
    assert [] == await tab.value(CONTRAST)


async def test_a_hidden_page_asks_nothing(tab: Tab, emulator: Emulator) -> None:
    """It rests while nobody looks, and is up to date at once when somebody does."""
    await tab.open(f"{emulator.url}/")
    show = """
        Object.defineProperty(document, "hidden", {{ configurable: true, value: {} }});
        document.dispatchEvent(new Event("visibilitychange"));
        document.querySelector("#connection").textContent
    """
    assert "paused" == await tab.value(show.format("true"))
    before = len(tab.requested)
    await tab.value("new Promise((done) => setTimeout(done, 1500))")
    assert before == len(tab.requested)
    await tab.value(show.format("false"))
    await tab.until("document.querySelector('#connection').textContent === 'live'")
    assert before + 1 == len(tab.requested)
