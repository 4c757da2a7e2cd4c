"""The session: opens, closes, holds the transport and offers the resources."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from reply_async.converter import decode
from reply_async.errors import InvalidUse, SessionClosed
from reply_async.events import Event
from reply_async.models.users import TeamUser, WhoAmI
from reply_async.requests import Request, Safety, checked_id
from reply_async.resources.attachments import Attachments
from reply_async.resources.background_jobs import BackgroundJobs
from reply_async.resources.bodies import to_json
from reply_async.resources.contact_lists import ContactLists
from reply_async.resources.contacts import Contacts
from reply_async.resources.custom_fields import CustomFields
from reply_async.resources.email_accounts import EmailAccounts
from reply_async.resources.email_template_folders import EmailTemplateFolders
from reply_async.resources.email_templates import EmailTemplates
from reply_async.resources.folders import Folders
from reply_async.resources.holiday_calendars import HolidayCalendars
from reply_async.resources.linkedin_accounts import LinkedInAccounts
from reply_async.resources.schedules import Schedules
from reply_async.resources.senders import Senders
from reply_async.resources.sequence_contacts import SequenceContacts
from reply_async.resources.sequences import Sequences
from reply_async.resources.stats import Stats
from reply_async.resources.steps import Steps
from reply_async.resources.templates import Templates
from reply_async.resources.users import team_users, whoami_request
from reply_async.resources.variants import Variants
from reply_async.resources.webhooks import Webhooks
from reply_async.secret import Secret
from reply_async.transport.http import HttpTransport
from reply_async.transport.limiter import Limiter
from reply_async.transport.retry import RetryPolicy
from reply_async.transport.sender import CONNECTIONS, Sender
from reply_async.transport.store import MemoryStore
from reply_async.transport.stores import store_at

if TYPE_CHECKING:
    import aiohttp

DEFAULT_BASE_URL: Final = "https://api.reply.io"

# One budget a user, which outlives sessions and loops, since the server's windows do too.
# A thread has its own, and so has a loop with a clock of its own, as in tests.
_budgets: dict[tuple[str, int], MemoryStore] = {}
_limiters: dict[asyncio.AbstractEventLoop, dict[tuple[str, str | None], Limiter]] = {}
# How many open sessions draw on each; after the last, files and connections are let go.
_open_sessions: Counter[Limiter] = Counter()
# For a service with keys of many users: after so many new ones, idle budgets are forgotten.
_USERS_BETWEEN_CLEANINGS: Final = 100

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_PATH: Final = re.compile(r"/v3(/[\w.~:@+-]+)+", re.ASCII)


class ReplySession:
    """A connection to Reply.io as one user; use it as an async context manager.

    Sessions of the same user in one thread share one budget of 100 requests a minute and
    3,000 an hour, also from one event loop to the next. Threads and processes share one
    through a ``budget_store``.

    Args:
        api_key: The key, or an OAuth token. Never printed, never pickled.
        base_url: The origin of the API; a trailing slash or ``/v3`` is taken off.
            https only, except towards this machine or with ``allow_insecure``.
        limiter: A budget to share on purpose; by default one for the key and user.
        budget_store: Where that one is kept, for other processes to share it: the path
            of a SQLite file, or an address such as ``redis://localhost:6379/0``.
        attempt_timeout: Seconds that one attempt may take, plus 0.03 for each row.
        deadline: Seconds that one awaited call may take with all its waits and retries.
        max_wait: The longest single wait (seconds) for the budget or the server before
            an awaited call raises RateLimitWait. Runs wait as long as it takes.
        user_id: The user to act as, for keys of a team or an organization.
        user_email: The same by e-mail; for organizations together with ``team_id``.
        team_id: The team of ``user_email``.
        client_session: An aiohttp session whose connections are used; it is not closed.
        on_event: Called with each ``Event``; they carry no key and no row data.
        allow_insecure: Allow plain http, and keys of an emulator, off this machine.

    Raises: InvalidUse for an argument that cannot be right.
    API page: authentication.
    """

    _origin: str = "without an origin"  # for the repr of one whose arguments were refused

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        limiter: Limiter | None = None,
        budget_store: str | os.PathLike[str] | None = None,
        attempt_timeout: float = 30.0,
        deadline: float = 150.0,
        max_wait: float = 75.0,
        user_id: int | None = None,
        user_email: str | None = None,
        team_id: int | None = None,
        client_session: aiohttp.ClientSession | None = None,
        on_event: Callable[[Event], None] | None = None,
        allow_insecure: bool = False,
    ) -> None:
        self._key = Secret(api_key)
        del api_key  # it would stand in the traceback of every error below
        self._key.check()
        for argument, seconds in (("attempt_timeout", attempt_timeout), ("deadline", deadline)):
            if seconds <= 0:
                raise InvalidUse(argument, "must be more than 0 seconds")
        if max_wait < 0:
            raise InvalidUse("max_wait", "must not be negative")
        if limiter is not None and budget_store is not None:
            raise InvalidUse("budget_store", "goes with the limiter: Limiter(store=...)")
        self._origin = checked_origin(base_url, self._key, allow_insecure=allow_insecure)
        self._actor = _actor_headers(user_id, user_email, team_id)
        self._limiter = limiter
        self._budget_store = None if budget_store is None else os.fspath(budget_store)
        self._attempt_timeout = attempt_timeout
        self._policy = RetryPolicy(max_wait=max_wait, deadline=deadline)
        self._client_session = client_session
        self._on_event = on_event
        self._opened: Sender | None = None

    @classmethod
    def from_env(cls, **options: Any) -> Self:  # noqa: ANN401 - the arguments of the class
        """Return a session made from ``REPLY_API_KEY`` and its companions.

        These are REPLY_BASE_URL, REPLY_TEAM_ID, REPLY_USER_ID, REPLY_USER_EMAIL and
        REPLY_BUDGET_STORE; ``options`` are arguments of the class and win over them.

        Raises: InvalidUse if there is no key, or a value cannot be right.
        """
        if "api_key" not in options and not os.environ.get("REPLY_API_KEY", "").strip():
            raise InvalidUse("REPLY_API_KEY", "is not set: put the key of your account there")
        given: dict[str, Any] = {}
        for name in ("base_url", "team_id", "user_id", "user_email", "budget_store"):
            if value := os.environ.get(f"REPLY_{name.upper()}", "").strip():
                given[name] = value
        for name in ("team_id", "user_id"):
            if name in given:
                given[name] = checked_id(f"REPLY_{name.upper()}", given[name])
        if "limiter" in options:
            given.pop("budget_store", None)
        given |= options
        # Never in a variable here, for the traceback of what the class may raise.
        return cls(given.pop("api_key", None) or os.environ["REPLY_API_KEY"], **given)

    async def __aenter__(self) -> Self:
        if self._opened is not None and self._opened.http.is_open:
            raise InvalidUse("session", "is open already")
        limiter = self._limiter or self._shared_limiter()
        limiter.bind(self._user())
        http = HttpTransport(
            origin=self._origin,
            authorize=self._authorize,
            borrowed=self._client_session,
            connections=CONNECTIONS,
        )
        await http.open()
        self._opened = Sender(
            http=http,
            limiter=limiter,
            attempt_timeout=self._attempt_timeout,
            awaited=self._policy,
            on_event=self._on_event,
        )
        _open_sessions[limiter] += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; calls after that raise SessionClosed."""
        if self._opened is None or not self._opened.http.is_open:
            return
        limiter = self._opened.limiter
        await self._opened.http.close()
        limiter.abandon(self._opened, SessionClosed())
        _open_sessions[limiter] -= 1
        is_last = not _open_sessions[limiter]
        if is_last:
            del _open_sessions[limiter]
        if is_last and self._limiter is None:
            await limiter.close()
        else:
            await limiter.flush()

    def __repr__(self) -> str:
        return f"<ReplySession {self._origin}>"

    @property
    def sequences(self) -> Sequences:
        """Find, create, change, start, pause, archive and delete sequences."""
        return Sequences(self._sender)

    @property
    def steps(self) -> Steps:
        """The steps of a sequence."""
        return Steps(self._sender)

    @property
    def variants(self) -> Variants:
        """The wordings of a step."""
        return Variants(self._sender)

    @property
    def templates(self) -> Templates:
        """Sequences kept as templates."""
        return Templates(self._sender)

    @property
    def folders(self) -> Folders:
        """Folders of sequences."""
        return Folders(self._sender)

    @property
    def stats(self) -> Stats:
        """Statistics of sequences."""
        return Stats(self._sender)

    @property
    def sequence_contacts(self) -> SequenceContacts:
        """The people inside a sequence, and imports into it."""
        return SequenceContacts(self._sender)

    @property
    def senders(self) -> Senders:
        """The mailboxes and LinkedIn profiles that send for a sequence."""
        return Senders(self._sender)

    @property
    def contacts(self) -> Contacts:
        """The contacts of the account."""
        return Contacts(self._sender)

    @property
    def contact_lists(self) -> ContactLists:
        """Lists of contacts."""
        return ContactLists(self._sender)

    @property
    def custom_fields(self) -> CustomFields:
        """The custom fields of contacts."""
        return CustomFields(self._sender)

    @property
    def email_accounts(self) -> EmailAccounts:
        """The mailboxes of the workspace."""
        return EmailAccounts(self._sender)

    @property
    def linkedin_accounts(self) -> LinkedInAccounts:
        """The LinkedIn profiles of the workspace."""
        return LinkedInAccounts(self._sender)

    @property
    def schedules(self) -> Schedules:
        """When sequences send."""
        return Schedules(self._sender)

    @property
    def holiday_calendars(self) -> HolidayCalendars:
        """Days on which nothing is sent."""
        return HolidayCalendars(self._sender)

    @property
    def email_templates(self) -> EmailTemplates:
        """E-mail texts kept for reuse."""
        return EmailTemplates(self._sender)

    @property
    def email_template_folders(self) -> EmailTemplateFolders:
        """Folders of e-mail templates."""
        return EmailTemplateFolders(self._sender)

    @property
    def attachments(self) -> Attachments:
        """Files and voice messages for steps."""
        return Attachments(self._sender)

    @property
    def webhooks(self) -> Webhooks:
        """Subscriptions to events."""
        return Webhooks(self._sender)

    @property
    def background_jobs(self) -> BackgroundJobs:
        """Work that the server does in the background."""
        return BackgroundJobs(self._sender)

    async def whoami(self) -> WhoAmI:
        """Return the user that the key acts as.

        Costs: 1 request.
        Raises: Unauthorized, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: user-account/whoami.
        """
        return await self._sender.send(whoami_request(), partial(decode, kind=WhoAmI))

    async def team_users(self) -> tuple[TeamUser, ...]:
        """Return the users of the team that the key acts in.

        Costs: 1 request.
        Raises: Unauthorized, Forbidden, RateLimitWait, ConnectionFailed, BadAnswer.
        API page: user-account/list-team-users.
        """
        return await team_users(self._sender)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        safety: Safety | None = None,
        has_answer: bool = True,
    ) -> Any:  # noqa: ANN401 - JSON is anything
        """Call any path of the API with the budget and errors of this package.

        ``path`` begins with ``/v3/``. The answer is parsed JSON, or None where no body
        is promised (``has_answer=False``). Without a ``safety`` nothing is ever sent
        again; a lost write raises OutcomeUnknown and is not read back.

        Costs: 1 request.
        Raises: InvalidUse, and whatever the call may meet.
        API page: that of the path.
        """
        if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            raise InvalidUse("path", "must begin with /v3/ and name segments only")
        if not all(isinstance(value, str) for value in (query or {}).values()):
            raise InvalidUse("query", "holds a value that is no text")
        if method.upper() not in _METHODS:
            raise InvalidUse("method", f"is none of {', '.join(sorted(_METHODS))}")
        request = Request(
            method.upper(),
            path,
            safety=safety or (Safety.READ if method.upper() == "GET" else None),
            query=query or {},
            body=None if body is None else _json_body(body),
        )
        return await self._sender.send(request, (lambda data: data) if has_answer else None)

    @property
    def limiter(self) -> Limiter:
        """The budget that this session draws on; ``state`` shows where it stands."""
        return self._sender.limiter

    @property
    def requests_sent(self) -> int:
        """How many requests this session has put on the wire, retries included."""
        return self._sender.requests_sent

    @property
    def _sender(self) -> Sender:
        if self._opened is None:
            raise SessionClosed
        return self._opened

    def _authorize(self) -> Mapping[str, str]:
        return {**self._actor, "Authorization": f"Bearer {self._key.reveal()}"}

    def _shared_limiter(self) -> Limiter:
        """Return the budget of this user in this loop."""
        for loop in list(_limiters):
            if loop.is_closed():
                _limiters.pop(loop, None)
        shared = _limiters.setdefault(asyncio.get_running_loop(), {})
        user = self._user(), self._budget_store
        if user not in shared:
            most = max(len(shared), len(_budgets))
            if most % _USERS_BETWEEN_CLEANINGS == _USERS_BETWEEN_CLEANINGS - 1:
                _forget_idle(shared)
            shared[user] = Limiter(store=store_at(self._budget_store) or _budget_of(user[0]))
        return shared[user]

    def _user(self) -> str:
        """Return a name for the user of the server, which tells nothing of the key."""
        user = (self._origin, self._key.fingerprint, *sorted(self._actor.items()))
        return hashlib.sha256(repr(user).encode()).hexdigest()[:32]


def _budget_of(user: str) -> MemoryStore | None:
    """Return the budget of a user in this thread, for loops on the common clock."""
    if abs(asyncio.get_running_loop().time() - time.monotonic()) > 1:
        return None
    return _budgets.setdefault((user, threading.get_ident()), MemoryStore())


def _forget_idle(shared: dict[tuple[str, str | None], Limiter]) -> None:
    """Forget budgets of this thread that no session draws on, where nothing counts any more."""
    for user, limiter in list(shared.items()):
        if limiter not in _open_sessions and limiter.is_idle:
            del shared[user]
    now, thread = asyncio.get_running_loop().time(), threading.get_ident()
    in_use = {user for limiters in _limiters.values() for user, _ in limiters}
    for key, store in list(_budgets.items()):
        if key[1] == thread and key[0] not in in_use and store.is_idle(now):
            del _budgets[key]


def checked_origin(base_url: str, key: Secret, *, allow_insecure: bool) -> str:
    """Return the origin to send a key to, or raise InvalidUse.

    A real key goes out in the clear to this machine only, and the key of an emulator
    goes nowhere else, least of all to the real API.
    """
    try:
        parts = urlsplit(base_url.strip().rstrip("/").removesuffix("/v3").rstrip("/"))
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidUse("base_url", "cannot be read as an address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidUse("base_url", "must be an address such as https://api.reply.io")
    if parts.username is not None or parts.query or parts.fragment or parts.path:
        raise InvalidUse("base_url", "must be a bare origin: no user, path, query or fragment")
    is_local = _is_loopback(host)
    if parts.scheme == "http" and not is_local and not allow_insecure:
        raise InvalidUse("base_url", "plain http would show the key: use https")
    if key.is_emulator_key and _is_reply(host):
        raise InvalidUse("api_key", "is an emulator's: it never goes to Reply.io")
    if key.is_emulator_key and not is_local and not allow_insecure:
        raise InvalidUse("api_key", "is an emulator's: it stays on this machine")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port is not None else "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_reply(host: str) -> bool:
    return f".{host.rstrip('.')}".endswith(".reply.io")


def _actor_headers(
    user_id: int | None, user_email: str | None, team_id: int | None
) -> dict[str, str]:
    if user_id is not None and user_email is not None:
        raise InvalidUse("user_email", "the acting user is named by user_id already")
    headers = {}
    if user_id is not None:
        headers["X-User-Id"] = str(checked_id("user_id", user_id))
    if user_email is not None:
        if not user_email.isascii() or not user_email.isprintable() or "@" not in user_email:
            raise InvalidUse("user_email", "is no e-mail address")
        headers["X-User-Email"] = user_email
    if team_id is not None:
        headers["X-Team-Id"] = str(checked_id("team_id", team_id))
    return headers


def _json_body(body: object) -> bytes:
    try:
        return to_json(body)
    except (TypeError, ValueError):
        raise InvalidUse("body", "cannot be written as JSON") from None
