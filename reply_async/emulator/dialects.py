"""Dialects: where sources contradict each other, which of them the emulator follows.

The contract lists every contradiction with its variants and a default. A dialect is
one choice for each. Three whole sets have a name: `default` is the contract's,
`modern` what the newest document says and the newest answers look like, `legacy` the
older or other form. What a variant does stands where the answer is made, not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

from reply_async.emulator.contract import load_contract

if TYPE_CHECKING:
    from reply_async.emulator.contract import Json

DEFAULT = "default"

# The choices of `modern`, of `legacy`, and the reason. Every variant of every entry is in
# one of the three sets, so that a client tested under all of them has met them all.
_SETS: dict[str, tuple[str, str, str]] = {
    "auth_401_body": ("empty", "problem", "the document promises no body"),
    "scope_403_body": ("coded", "detail", "three bodies are reported: each set has its own"),
    "bulk_item_error": ("slug", "integer", "numbers stand in the older tables"),
    "create_item_error": ("slug", "integer", "numbers stand in the older tables"),
    "folder_link_item_error": ("slug", "integer", "numbers stand in the older tables"),
    "enum_casing": ("camel", "pascal", "PascalCase is the older generation"),
    "create_answer": ("detail", "stub", "the document promises the whole sequence"),
    "query_pointer": ("bare", "bare", "the document has no slash, nor had it before"),
    "validation_extensions": ("absent", "absent", "the document has no such member"),
    "bulk_sequence_max": ("max_1000", "max_100", "100 is left over in a message"),
    "bulk_add_refusals": ("documented", "generic", "the document lists five slugs"),
    "bulk_add_enrolled": ("refused", "forward_move", "the document refuses"),
    "bulk_add_not_processed_empty": ("empty_object", "omitted", "the schema has it"),
    "missing_sequence_contacts_page": ("not_found", "empty_200", "the document has a 404"),
    "link_lookup_404": ("split", "single", "the document has several codes"),
    "delete_missing_sequence": ("bad_request", "not_found", "the document says 400"),
    "pause_of_paused": ("ok_200", "conflict", "the document says 200"),
    "pause_of_new": ("ok_200", "conflict", "the document refuses archived ones alone"),
    "archive_of_active": ("conflict", "ok_200", "the document asks to pause first"),
    "start_without_contacts": ("refuse", "allow", "the document has the refusal"),
    "create_contact_duplicate": ("reject", "overwrite", "the document refuses"),
    "create_contact_first_name": ("optional", "required", "the document requires it nowhere"),
    "company_size_write": ("either", "pascal", "camelCase is the newest form of all words"),
    "import_mode": ("sync_200", "async_202", "the document answers at once"),
    "import_bad_email": ("row_failed", "whole_400", "the document fails the row alone"),
    "steps_required_on_create": ("optional", "required", "the document requires a name only"),
    "settings_on_create": ("seven_required", "partial", "the schema requires seven"),
    "settings_partial_on_patch": ("merge", "full_required", "the document merges"),
    "replace_senders_empty": ("clears", "refused", "the operation's text clears"),
    "step_update_variant_id": ("added", "refused", "the operation's text adds"),
    "sequence_issues": ("absent", "present", "gone from the newest document"),
    "list_health": ("present", "absent", "the document has it"),
    "created_precision": ("seconds", "fraction", "as in the document's examples"),
    "page_envelope": ("top_level", "info", "the older pages had an `info`"),
    "stats_inverted_range": ("validation", "error_500", "a fault of the caller is a 400"),
    # of two reports that the emulator does not serve, so nothing follows from it yet
    "reporting_offset_dates": ("ok", "error_500", "the document accepts them"),
    "coming_soon_routes": ("available", "missing", "older services lack them"),
    "rate_headers": ("absent", "absent", "no document has them"),
    "attachment_size_unit": ("kilobytes", "bytes", "kilobytes is the newest reading"),
    "whoami_body": ("full", "short", "older answers have the user alone"),
    "missing_404_body": ("problem", "empty", "the document has a body"),
    "auth_header": ("bearer", "x_api_key", "X-API-Key is of the first pages"),
}
NAMES = (DEFAULT, "modern", "legacy")


@frozen
class Entry:
    """One contradiction: what varies, its variants with their meaning, the default."""

    id: str
    varies: str
    variants: Mapping[str, str]
    default: str


@frozen(eq=False)
class Dialects(Mapping[str, str]):
    """One variant for every entry of the contract: `dialects["import_mode"]`."""

    _choices: dict[str, str]
    _hash: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(tuple(self._choices.values())))

    def __getitem__(self, entry: str) -> str:
        return self._choices[entry]

    def __iter__(self) -> Iterator[str]:
        return iter(self._choices)

    def __len__(self) -> int:
        return len(self._choices)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dialects) and self._choices == other._choices

    def __hash__(self) -> int:
        return self._hash

    def changed(self, choices: Mapping[str, str]) -> Dialects:
        """Return the same with other choices; ValueError names what there is."""
        if not isinstance(choices, Mapping):
            raise ValueError(f"a dialect is a name or a mapping of entries, not {choices!r}")  # noqa: TRY004 - one kind of error for callers
        for name, variant in choices.items():
            _require(name, entries(), "dialect entry")
            _require(variant, entries()[name].variants, f"variant of {name}")
        return Dialects({**self._choices, **choices})


DialectChoice: TypeAlias = "Dialects | Mapping[str, str] | str"


def dialects_of(choice: DialectChoice) -> Dialects:
    """Return the choices of a set's name, of a text, or of a mapping.

    A text is `NAME[,ENTRY=VARIANT...]`; a mapping changes single entries of `default`.
    ValueError says which names there are.
    """
    if isinstance(choice, Dialects):
        return choice
    if not isinstance(choice, str):
        return _named(DEFAULT).changed(choice)
    name, *changes = (part.strip() for part in choice.split(","))
    if "=" in name:
        raise ValueError(f"a dialect begins with its name, one of {', '.join(NAMES)}: {choice!r}")
    _require(name, NAMES, "dialect")
    for change in changes:
        if "=" not in change:
            raise ValueError(f"write NAME,ENTRY=VARIANT,..., not {change!r}")
    pairs = (change.partition("=") for change in changes)
    return _named(name).changed({entry.strip(): variant.strip() for entry, _, variant in pairs})


@lru_cache(maxsize=1)
def entries() -> Mapping[str, Entry]:
    """Return the contradictions that the contract lists, by id."""
    listed: list[Json] = load_contract().document["x-dialects"]
    return {
        entry["id"]: Entry(
            entry["id"],
            entry["varies"],
            {variant["id"]: variant["is"] for variant in entry["variants"]},
            entry["default"],
        )
        for entry in listed
    }


@lru_cache(maxsize=len(NAMES))
def _named(name: str) -> Dialects:
    if name == DEFAULT:
        return Dialects({entry.id: entry.default for entry in entries().values()})
    position = NAMES.index(name) - 1
    return Dialects({entry: _SETS[entry][position] for entry in entries()})


def _require(name: object, known: Mapping[str, object] | tuple[str, ...], what: str) -> None:
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"no {what} is called {name!r}; there are {', '.join(known)}")
