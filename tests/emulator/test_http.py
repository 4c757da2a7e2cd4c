from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import aiohttp
import pytest

from reply_async.emulator import Emulator

if TYPE_CHECKING:
    from emulator.client import Api


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer emu_wrong", "Basic emu_test"])
async def test_missing_or_wrong_key(api: Api, value: str | None) -> None:
    """Before anything else, also before the route is looked up."""
    headers = {} if value is None else {"Authorization": value}
    for path in ("/v3/whoami", "/nowhere"):
        status, problem = await api("GET", path, headers=headers)
        assert 401 == status
        assert {
            "title": "Unauthorized",
            "status": 401,
            "detail": "Authentication credentials are missing or invalid.",
        } == problem
        assert "Bearer" == api.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["/v3", "/v3/nothing", "/v3/whoami/", "/v3//sequences", "//"])
async def test_unknown_route(api: Api, path: str) -> None:
    """A route-level 404 has no code."""
    status, problem = await api("GET", path)
    assert (404, {"title": "Not Found", "status": 404, "detail": "Route not found"}) == (
        status,
        problem,
    )


async def test_wrong_method(api: Api) -> None:
    """The body is bare, the header tells what is allowed."""
    status, problem = await api("PUT", "/v3/sequences")
    assert (405, {"title": "Method Not Allowed", "status": 405}) == (status, problem)
    assert {"GET", "POST"} == set(api.headers["Allow"].split(", "))


async def test_wrong_media_type(emulator: Emulator) -> None:
    """A body must be JSON by its header."""
    headers = {"Authorization": f"Bearer {emulator.key}", "Content-Type": "text/plain"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{emulator.url}/v3/sequences", data="{}", headers=headers) as response,
    ):
        assert 415 == response.status
        expected = {"title": "Unsupported Media Type", "status": 415}
        assert expected == await response.json(content_type=None)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "The request body is required and cannot be empty."),
        ("  ", "The request body is required and cannot be empty."),
        ("{", "Request body is not valid JSON."),
        ('{"name": NaN}', "Request body is not valid JSON."),
        ('{"name": 1e999}', "Request body is not valid JSON."),
        ('{"name": "\\ud800"}', "Request body is not valid JSON."),
        ("[" * 100_000, "Request body is not valid JSON."),
        ("[]", "Value has an invalid type."),
    ],
)
async def test_bodies_that_are_no_object(emulator: Emulator, text: str, detail: str) -> None:
    """The pointer of the whole body is empty."""
    headers = {"Authorization": f"Bearer {emulator.key}", "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{emulator.url}/v3/sequences", data=text, headers=headers) as response,
    ):
        problem = await response.json(content_type=None)
        assert (400, [{"pointer": "", "detail": detail}]) == (response.status, problem["errors"])


async def test_blank_body_where_none_is_needed(emulator: Emulator) -> None:
    """Nothing is no body; blanks are one, and it is no JSON."""
    job_id = next(iter(emulator.state.jobs))
    headers = {"Authorization": f"Bearer {emulator.key}", "Content-Type": "application/json"}
    url = f"{emulator.url}/v3/background-jobs/{job_id}/cancel"
    async with aiohttp.ClientSession() as http:
        for text, expected in (("\r\n", 400), ("", 204)):
            async with http.post(url, data=text, headers=headers) as response:
                assert expected == response.status


async def test_whole_number_with_a_fraction_is_an_integer(api: Api) -> None:
    """7.0 is the id 7, and answers call it so."""
    failures = await api.ok("POST", "/v3/contacts/bulk-delete", {"ids": [7.0]})
    assert ["7"] == list(failures)
    status, problem = await api("POST", "/v3/contacts/bulk-delete", {"ids": [7.5]})
    assert (400, ["/ids/0"]) == (status, [entry["pointer"] for entry in problem["errors"]])


async def test_long_ids_have_64_bits(api: Api) -> None:
    """In the path and in the body; the largest one is missing, the next one is a fault."""
    largest = 2**63 - 1
    for number, expected in ((largest, 404), (largest + 1, 400)):
        status, _ = await api("GET", f"/v3/email-accounts/{number}")
        assert expected == status
    for number, expected in ((largest, 200), (largest + 1, 400)):
        status, _ = await api("POST", "/v3/email-accounts/bulk-delete", {"ids": [number]})
        assert expected == status


async def test_body_above_the_limit(emulator: Emulator) -> None:
    """Ten mebibytes and not a byte more."""
    headers = {"Authorization": f"Bearer {emulator.key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as http:
        for size, expected in ((10 * 1024**2, 400), (10 * 1024**2 + 1, 413)):
            data = BytesIO(b'"' + b"x" * (size - 2) + b'"')
            url = f"{emulator.url}/v3/sequences"
            async with http.post(url, data=data, headers=headers) as response:
                assert expected == response.status


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("0", "The field id must be between 1 and 2147483647."),
        ("2147483648", "The field id must be between 1 and 2147483647."),
        ("-1", "The field id must be between 1 and 2147483647."),
        ("abc", "Value has an invalid type."),
        ("1.5", "Value has an invalid type."),
        ("%31x", "Value has an invalid type."),
    ],
)
async def test_ids_out_of_range(api: Api, path: str, detail: str) -> None:
    """An id that cannot be is a fault of the request, not a missing object."""
    status, problem = await api("GET", f"/v3/sequences/{path}")
    assert (400, [{"pointer": "/id", "detail": detail}]) == (status, problem["errors"])


async def test_path_and_body_are_faulted_together(api: Api) -> None:
    """Several places of the request in one answer."""
    status, problem = await api("PATCH", "/v3/sequences/0", {"name": 5})
    assert 400 == status
    assert ["/id", "/name"] == [entry["pointer"] for entry in problem["errors"]]


async def test_literal_segments_win(api: Api) -> None:
    """`count` is no id."""
    assert {"count": 0} == await api.ok("GET", "/v3/sequences/count")
    status, _ = await api("GET", "/v3/sequences/start")
    assert 405 == status


async def test_operation_that_is_not_served_yet(api: Api) -> None:
    """The contract knows the route, so a 404 would be a lie."""
    status, problem = await api("GET", "/v3/tasks")
    assert (501, "The emulator does not serve list_tasks yet.") == (status, problem["detail"])


async def test_only_the_loopback_interface() -> None:
    """The control plane asks for no key, so nobody else may reach it."""
    with pytest.raises(ValueError, match="loopback"):
        await Emulator().start(host="0.0.0.0")  # noqa: S104 - refused, that is the test


async def test_failure_inside_is_logged_and_answered(
    api: Api, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of the emulator itself is a 500 that leaves its traceback."""
    del emulator.state.sequences
    status, problem = await api("GET", "/v3/sequences")
    assert (500, {"title": "Internal Server Error", "status": 500}) == (status, problem)
    assert "GET /v3/sequences failed" in caplog.text
    assert "AttributeError" in caplog.text
    assert emulator.key not in caplog.text


async def test_same_seed_and_calls_give_the_same_answers() -> None:
    """Nothing depends on chance; another seed reacts differently."""

    async def play(seed: int) -> bytes:
        bodies: list[bytes] = []
        async with Emulator(budget=None, seed=seed, started_at=1.8e9) as one:
            one.on_answer(lambda _request, _headers, body: bodies.append(body))
            headers = {"Authorization": f"Bearer {one.key}"}
            async with aiohttp.ClientSession(one.url, headers=headers) as http:
                items = [{"email": f"p{n}@example.com", "firstName": "P"} for n in range(300)]
                step = {
                    "type": "email",
                    "delayInMinutes": 0,
                    "executionMode": "automatic",
                    "variants": [{"subject": "Hello"}],
                }
                body = {"name": "A", "steps": [step], "emailAccounts": [101]}
                await http.post("/v3/sequences", json=body)
                await http.post(
                    "/v3/contacts/import", json={"items": items, "options": {"sequenceId": 1001}}
                )
                await http.post("/v3/sequences/1001/start")
                one.clock.advance(10 * 86400)
                await http.post("/v3/sequences/1001/stats", json={})
        return bodies[-1]

    first = await play(1)
    assert first == await play(1)
    assert first != await play(2)


@pytest.mark.parametrize("path", ["/v3/sequence-folders", "/_emulator/clock"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_cannot_be_unpacked(
    emulator: Emulator, caplog: pytest.LogCaptureFixture, path: str, encoding: str
) -> None:
    """It is a bad request, nothing fails inside, and the connection is not used again."""
    headers = {
        "Authorization": f"Bearer {emulator.key}",
        "Content-Type": "application/json",
        "Content-Encoding": encoding,
    }
    expected = {
        "title": "Bad Request",
        "status": 400,
        "detail": "The body is not encoded as its headers say.",
    }
    async with aiohttp.ClientSession(emulator.url, headers=headers) as http:
        for size in (20, 100_000):
            data = b'"not packed"' + b" " * size
            async with http.post(path, data=data) as answer:
                assert 400 == answer.status
                assert expected == await answer.json(content_type=None)
                assert "close" == answer.headers["Connection"]
    assert not caplog.records
