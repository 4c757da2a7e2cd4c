"""Every public method of a session that calls the API, found by looking at the classes."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final, get_type_hints

from attrs import fields, frozen, has, resolve_types

import reply_async.resources
from reply_async import ReplySession
from reply_async.bulk.runner import Run
from reply_async.pagination import Pager
from reply_async.testing import VirtualClockLoop
from reply_async.transport.sender import Sender

SESSION_CALLS: Final = ("whoami", "team_users")


@frozen
class Method:
    """One public method: ``sequences.start``, or ``whoami`` of the session itself."""

    name: str
    function: Callable[..., Any]
    owner: type[Any] | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The arguments that a caller gives."""
        found = dict(inspect.signature(self.function).parameters)
        found.pop("self", None)
        return found

    @property
    def annotations(self) -> Mapping[str, Any]:
        """The types of the arguments, and of what comes back as ``return``."""
        return get_type_hints(self.function)

    @property
    def is_run(self) -> bool:
        """Tell whether it gives a run, which judges its input row by row."""
        return self.annotations["return"] is Run

    @property
    def docstring(self) -> str:
        """What a caller reads about it."""
        return inspect.getdoc(self.function) or ""

    def call(self, sender: Sender, arguments: Mapping[str, Any]) -> Any:
        """Call it to its end and return what a caller gets."""
        return in_virtual_time(self._called(sender, arguments))

    async def _called(self, sender: Sender, arguments: Mapping[str, Any]) -> Any:
        session = opened(sender)
        target = session if self.owner is None else _resource(session, self.owner, sender)
        result = getattr(target, self.function.__name__)(**arguments)
        if isinstance(result, Pager):
            return await result.collect()
        return await result if isinstance(result, Awaitable) else result


def in_virtual_time(main: Any) -> Any:
    """Run a coroutine in a loop of its own, whose clock jumps."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(main)


def opened(sender: Sender) -> ReplySession:
    """Return a session whose requests go to this sender."""
    session = ReplySession("emu_conformance", base_url="http://127.0.0.1:9")
    session._opened = sender
    return session


@cache
def all_methods() -> Mapping[str, Method]:
    """Return the methods of all resources, and the session's own calls, by name."""
    found = [
        Method(f"{name}.{verb}", function, owner)
        for owner, name in resources().items()
        for verb, function in vars(owner).items()
        if inspect.isfunction(function) and not verb.startswith("_")
    ]
    found += [
        Method(name, getattr(ReplySession, name))
        for name in SESSION_CALLS
        if hasattr(ReplySession, name)
    ]
    return {method.name: method for method in sorted(found, key=str)}


@cache
def resources() -> Mapping[type[Any], str]:
    """Return the classes that hold methods, by the attribute of the session or their file."""
    attributes = session_attributes()
    return {
        kind: attributes.get(kind, kind.__module__.rsplit(".", 1)[1])
        for kind in _resource_classes()
    }


@cache
def session_attributes() -> Mapping[type[Any], str]:
    """Return the resources that a session offers, by class."""
    return {
        get_type_hints(member.fget)["return"]: name
        for name, member in vars(ReplySession).items()
        if isinstance(member, property) and member.fget is not None and not name.startswith("_")
    }


def _resource_classes() -> Iterator[type[Any]]:
    for module in pkgutil.iter_modules(reply_async.resources.__path__):
        name = f"{reply_async.resources.__name__}.{module.name}"
        for kind in vars(importlib.import_module(name)).values():
            is_own = inspect.isclass(kind) and kind.__module__ == name and has(kind)
            if is_own and any(each.name == "_sender" for each in fields(kind)):
                yield kind


def _resource(session: ReplySession, kind: type[Any], sender: Sender) -> Any:
    """Return a resource as the session offers it, or made of its parts."""
    if kind in session_attributes():
        return getattr(session, session_attributes()[kind])
    parts = {
        each.alias: sender if each.type is Sender else _resource(session, each.type, sender)
        for each in fields(resolve_types(kind))
        if each.init
    }
    return kind(**parts)
