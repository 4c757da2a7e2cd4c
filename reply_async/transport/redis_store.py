"""The budget on a Redis or Valkey server: for processes of any hosts.

``budget.lua`` takes the step on the server, by the server's clock; this file carries
the messages, one round trip each. redis is an extra and loaded when it is needed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from attrs import asdict, astuple

from reply_async.errors import InvalidUse, StoreFailed
from reply_async.transport.shared_budget import Answer, Visit
from reply_async.transport.shared_store import SharedStore
from reply_async.transport.store import News, Observed, Refused, Released, Reply, Settled

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

SECONDS_TO_ANSWER: Final = 5.0
_WORDS: Final[dict[type[News], str]] = {
    Settled: "settled",
    Released: "released",
    Refused: "refused",
    Observed: "observed",
}


class RedisStore(SharedStore):
    """Holds budgets on a Redis (from 6) or Valkey server, one key for each user.

    ``server`` is an address such as ``redis://localhost:6379/0``, ``rediss://`` for TLS,
    or a client of ``redis.asyncio``, which is not closed. ``prefix`` begins the keys;
    they hold times and numbers, and a fingerprint of the user, no key of the API. A key
    goes two hours after its last use; the server must not evict it before. Its commands
    are EVALSHA, EVAL, GET, SET, TIME and INFO.

    Serves one event loop after the other, except with a client that was given. Needs the
    extra ``redis``.

    Raises: InvalidUse for an address that cannot be right or where the extra is missing;
    when it is used, StoreFailed, which names the server and never its password.
    """

    def __init__(self, server: str | Redis, *, prefix: str = "reply-async:budget") -> None:
        self._is_ours = isinstance(server, str)
        self._client, name = _connect(server) if isinstance(server, str) else _described(server)
        super().__init__(name)
        self._prefix = prefix
        self._loop: asyncio.AbstractEventLoop | None = None

    async def close(self) -> None:
        """Close the connections that are this store's own."""
        if self._is_ours:
            self._enter_loop()
            await self._client.aclose()

    async def _visit(self, user: str, visit: Visit) -> Answer:
        import redis.exceptions as errors  # noqa: PLC0415 - an extra, loaded where used

        self._enter_loop()
        script, digest = _script()
        # The braces let a cluster place the key by the user alone.
        arguments = 1, f"{self._prefix}:{{{user}}}", _to_json(visit)
        problem = ""
        try:
            try:
                answer = await self._client.evalsha(digest, *arguments)
            except errors.NoScriptError:  # the first time, or since the server restarted
                answer = await self._client.eval(script, *arguments)
            return _read(answer)
        except errors.RedisError as error:
            problem = _explain(error)
        except (AttributeError, TypeError, ValueError):  # of an answer that is none
            problem = "does not answer as a Redis or Valkey server does: check the address"
        raise StoreFailed(self._name, problem)

    def _enter_loop(self) -> None:
        """Leave connections of another event loop alone: they cannot be closed in this one."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop and self._is_ours:
            self._client.connection_pool.reset()
        self._loop = loop


@cache
def _script() -> tuple[str, str]:
    text = files("reply_async.transport").joinpath("budget.lua").read_text("utf-8")
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _connect(address: str) -> tuple[Any, str]:
    """Return a client and the address without what is secret in it."""
    try:
        from redis.asyncio import Redis  # noqa: PLC0415 - an extra, loaded where used
        from redis.asyncio.retry import Retry  # noqa: PLC0415 - the same
        from redis.backoff import NoBackoff  # noqa: PLC0415 - the same
        from redis.exceptions import RedisError  # noqa: PLC0415 - the same
    except ImportError:
        raise InvalidUse(
            "store", "needs the extra `redis`; run: pip install 'reply-async[redis]'"
        ) from None
    client, name = None, ""
    try:
        parts = urlsplit(address)
        place = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
        name = f"{parts.scheme}://{place or ''}{parts.path}"
        client = Redis.from_url(
            address,
            socket_timeout=SECONDS_TO_ANSWER,
            socket_connect_timeout=SECONDS_TO_ANSWER,
            retry=Retry(NoBackoff(), 1),  # for a connection that went stale
        )
        client.connection_pool.make_connection()  # type: ignore[no-untyped-call] # checks options
    except (RedisError, ValueError, TypeError):  # their text may hold the password
        client = None
    if client is None:
        raise InvalidUse("store", "must be an address such as redis://localhost:6379/0")
    return client, name


def _described(client: Any) -> tuple[Any, str]:  # noqa: ANN401 - Redis, a cluster, a subclass
    pool = getattr(client, "connection_pool", None)
    settings = getattr(pool, "connection_kwargs", {})
    if "host" not in settings:
        return client, "redis"
    return client, f"redis://{settings['host']}:{settings.get('port', 6379)}"


def _to_json(visit: Visit) -> str:
    fields = asdict(visit)
    fields["message"]["news"] = [
        [_WORDS[type(each)], *astuple(each)] for each in visit.message.news
    ]
    return json.dumps(fields, separators=(",", ":"))


def _read(answer: list[Any]) -> Answer:
    fields = [each.decode() if isinstance(each, bytes) else each for each in answer]
    name, visits, lacking, *reply = fields
    return Answer(
        name=name,
        visits=int(visits),
        lacking_seconds=float(lacking),
        reply=_read_reply(*reply) if reply else None,
    )


def _read_reply(now: str, is_granted: str, wait: str, state: str) -> Reply:
    return Reply(
        now=float(now),
        is_granted=is_granted == "1",
        wait_seconds=float(wait),
        state=json.loads(state) if state else None,
    )


def _explain(error: RedisError) -> str:
    """Say what went wrong; only the server's own words are repeated."""
    import redis.exceptions as errors  # noqa: PLC0415 - an extra, loaded where used

    if isinstance(error, errors.AuthenticationError | errors.AuthorizationError):
        return "does not accept the user or password of the address"
    if isinstance(error, errors.TimeoutError):
        return f"did not answer within {SECONDS_TO_ANSWER:.0f} s"
    if isinstance(error, errors.ConnectionError):
        return "cannot be reached: check the address, and that the server is running"
    return f"refused to work: {error}"
