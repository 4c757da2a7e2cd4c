"""The layers of the package, read from its imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import reply_async

ROOT = Path(reply_async.__file__).parent
PACKAGE = "reply_async"

# From the ground up: a module imports only what stands before it. A name that ends in a
# dot is a whole package, whose modules may import each other, though never in a circle.
FLOORS = (
    "version",
    "unset",
    "errors",
    "secret",
    "models.",
    "made_reader",
    "converter",
    "requests",
    "events",
    "responses",
    "transport.retry",
    "transport.guard",
    "transport.limits",
    "transport.budget",
    "transport.store",
    "transport.grant",
    "transport.shared_budget",
    "transport.shared_store",
    "transport.sqlite_file",
    "transport.sqlite_store",
    "transport.redis_store",
    "transport.stores",
    "transport.account",
    "transport.forecast",
    "transport.lanes",
    "transport.turnstile",
    "transport.limiter_state",
    "transport.limiter",
    "transport.http",
    "transport.sender",
    "outcome",
    "pagination",
    "bulk.chunks",
    "bulk.fan_out",
    "bulk.folding",
    "bulk.refusals",
    "bulk.intake",
    "bulk.rows",
    "bulk.job",
    "bulk.contact_import",
    "bulk.enrolment",
    "bulk.item_calls",
    "bulk.list_checks",
    "bulk.create_calls",
    "bulk.runner",
    "resources.",
    "session",
)
BESIDE = ("cli", "emulator", "testing")
HOMES = {
    "aiohttp": "transport.http",
    "cattrs": "converter",
    "aiolimiter": "transport.limiter",
    "redis": "transport.redis_store",
}


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, leaving out those for type checkers."""
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name is from"
            yield node.module or ""
        waiting.extend(ast.iter_child_nodes(node))


def modules() -> dict[str, Path]:
    """Return the files of the package by module name, without its own prefix."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


SDK = {
    name: path
    for name, path in modules().items()
    if name and name.split(".")[0] not in BESIDE and path.name != "__init__.py"
}


def floor(name: str) -> int:
    """Return how high a module stands."""
    for height, base in enumerate(FLOORS):
        if name == base or (base.endswith(".") and name.startswith(base)):
            return height
    pytest.fail(f"{name} has no floor: name it in FLOORS")


def own(imported: str) -> str:
    """Return an imported module without the package's prefix."""
    return imported.removeprefix(PACKAGE).removeprefix(".")


@pytest.mark.parametrize("name", sorted(SDK))
def test_a_module_imports_downward_only(name: str) -> None:
    """No module of the SDK imports one that stands above it."""
    for imported in imports(SDK[name]):
        if imported.split(".")[0] == PACKAGE:
            target = own(imported)
            assert floor(target) <= floor(name), f"{name} imports {target} from above"


def test_no_module_imports_itself_by_a_detour() -> None:
    """The imports of the SDK form no circle, also within one floor."""
    graph = {
        name: {own(each) for each in imports(path) if each.startswith(f"{PACKAGE}.")}
        for name, path in SDK.items()
    }
    assert set(graph) <= set(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("library", HOMES)
def test_a_library_has_one_home(library: str) -> None:
    """Only one file of the SDK knows each of the libraries underneath."""
    users = {
        name
        for name, path in SDK.items()
        if any(imported.split(".")[0] == library for imported in imports(path))
    }
    assert {HOMES[library]} == users


def test_the_emulator_shares_no_code_with_the_sdk() -> None:
    """Files of the emulator import nothing of the package but the emulator."""
    for path in (ROOT / "emulator").rglob("*.py"):
        for imported in imports(path):
            if imported.split(".")[0] == PACKAGE:
                assert imported.startswith("reply_async.emulator"), f"{path}: {imported}"


def test_the_command_uses_the_public_api_only() -> None:
    """Files of the command import public names, and hand over to the emulator's own."""
    allowed = ("reply_async.cli", "reply_async.emulator", "reply_async.version")
    for path in (ROOT / "cli").rglob("*.py"):
        for imported in imports(path):
            if imported.split(".")[0] == PACKAGE:
                assert imported == PACKAGE or imported.startswith(allowed), f"{path}: {imported}"


def loaded(code: str) -> set[str]:
    """Run code in a new interpreter and return the modules that it loaded."""
    probe = f"{code}\nimport sys\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.splitlines())


HELP = """
import contextlib, sys
sys.argv = ["reply-async", "--help"]
from reply_async.cli import main
with contextlib.suppress(SystemExit):
    main()
"""


def test_help_loads_no_http_client() -> None:
    """``reply-async --help`` answers without aiohttp, attrs models or the converter."""
    names = loaded(HELP)
    assert "reply_async.cli" in names
    assert not {"aiohttp", "cattrs", "reply_async.session"} & names


def test_the_running_emulator_loads_nothing_of_the_sdk() -> None:
    """A started emulator has loaded its own modules and the version at most."""
    start = (
        "import asyncio\nfrom reply_async.emulator import Emulator\n"
        "async def main():\n    async with Emulator(): pass\nasyncio.run(main())"
    )
    ours = {name for name in loaded(start) if name.startswith("reply_async.")}
    assert "reply_async.emulator" in ours
    strangers = {name for name in ours if not name.startswith("reply_async.emulator")}
    assert strangers <= {"reply_async.version"}


def test_public_names_are_what_they_say() -> None:
    """Every public name can be imported, is listed once and in order."""
    names = reply_async.__all__
    assert sorted(set(names)) == sorted(names)
    for name in names:
        assert getattr(reply_async, name) is not None
    assert set(names) <= set(dir(reply_async))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = reply_async.no_such_name
