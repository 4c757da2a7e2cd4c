"""The local checks of rows: nothing is sent, nothing raises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_async import CONTACT_MEMBERS, ContactRow, Refusal, check_rows, member_key
from reply_async.bulk.folding import SeenRows
from reply_async.bulk.rows import Row, StagedRow, normal_email, stage, stage_row
from reply_async.models.contacts import CallStatus, CompanySize

GOOD: dict[str, Any] = {"email": "ann@example.com", "firstName": "Ann"}

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)  # lone surrogates and NUL too
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.binary()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT | st.integers(), inner),
    max_leaves=5,
)
NAMES = st.sampled_from([*CONTACT_MEMBERS.values(), "customFields", "First_Name", "E-MAIL"])


@given(st.dictionaries(NAMES | ANY_TEXT | SCALARS, VALUES, max_size=6), st.booleans())
def test_no_mapping_raises(row: dict[Any, Any], is_filled: bool) -> None:
    """Whatever is in a row, it is staged or refused; what is staged can be written as JSON."""
    staged = stage(1, {**row, **GOOD} if is_filled else row)
    if isinstance(staged, Refusal):
        assert staged.code
        json.dumps(staged.detail).encode()
    else:
        json.dumps(staged.item, ensure_ascii=False, allow_nan=False).encode()
        assert {"email", "firstName"} <= staged.item.keys()


@given(st.dictionaries(st.sampled_from([a.name for a in ContactRow.__attrs_attrs__]), VALUES))
def test_no_object_raises(members: dict[str, Any]) -> None:
    """The same for rows that are objects, whatever their fields hold."""
    staged = stage(1, ContactRow(**{"email": "a@example.com", "first_name": "A", **members}))
    if isinstance(staged, StagedRow):
        json.dumps(staged.item, ensure_ascii=False, allow_nan=False).encode()
        assert staged.item.get("customFields") != []
        list(staged.custom_fields)


@pytest.mark.parametrize("row", [None, 5, "text", ["a"], {1, 2}, object()])
def test_what_is_no_row_is_refused(row: Any) -> None:
    """A reader that gives something else is told so by row, not by a traceback."""
    assert Refusal(code="row.invalid", detail=f"a row is no {type(row).__name__}") == stage(1, row)


@pytest.mark.parametrize("row", [{5: "x"}, {b"email": "x"}, {("a",): "x"}, {None: ["rest"]}])
def test_names_are_text(row: Any) -> None:
    """Other keys, such as the None of a reader for surplus cells, refuse the row."""
    staged = stage(1, row)
    assert isinstance(staged, Refusal)
    assert "row.invalid" == staged.code


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("First Name", "firstName"),
        ("first_name", "firstName"),
        ("FIRST-NAME", "firstName"),
        (" linked in url ", "linkedInUrl"),
        ("E-Mail", "email"),
    ],
)
def test_names_match_without_regard_to_spelling(name: str, member: str) -> None:
    """Case, white space, ``_`` and ``-`` do not matter."""
    assert member == CONTACT_MEMBERS[member_key(name)]
    value = "http://example.com/x" if member == "linkedInUrl" else "ann@example.com"
    staged = stage(1, {**{k: v for k, v in GOOD.items() if k != member}, name: value})
    assert isinstance(staged, StagedRow)
    assert value == staged.item[member]


def test_a_member_named_twice_is_refused() -> None:
    """Neither of the two values is preferred."""
    staged = stage(1, {**GOOD, "First Name": "Bob"})
    assert isinstance(staged, Refusal)
    assert "member.twice" == staged.code
    assert "'firstName' and 'First Name'" in staged.detail


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("shoeSize", "43", "member.unknown"),
        ("title", 5, "title.invalid"),
        ("title", ["a"], "title.invalid"),
        ("title", "a\0", "title.nul"),
        ("title", "\udcff", "title.invalid"),
        ("notes", "x" * 32_001, "notes.too_long"),
        ("notes", "ä" * 16_001, "notes.too_long"),
        ("email", "a" * 40_000 + "@example.com", "email.too_long"),
        ("linkedInUrl", "linkedin.com/in/ann", "linkedInUrl.invalid"),
        ("linkedInUrl", "ftp://example.com", "linkedInUrl.invalid"),
        ("ownerUserId", "-1", "ownerUserId.invalid"),
        ("ownerUserId", 0, "ownerUserId.invalid"),
        ("ownerUserId", True, "ownerUserId.invalid"),
        ("ownerUserId", 1.0, "ownerUserId.invalid"),
        ("ownerUserId", "12345678901234567890123", "ownerUserId.invalid"),
        ("ownerUserId", 2**63, "ownerUserId.invalid"),
        ("accountId", "٣", "accountId.invalid"),
        ("isOptedOut", "perhaps", "isOptedOut.invalid"),
        ("isOptedOut", 1, "isOptedOut.invalid"),
        ("companySize", "11-50", "companySize.invalid"),
        ("callStatus", 3, "callStatus.invalid"),
        ("meetingStatus", "maybe", "meetingStatus.invalid"),
        ("customFields", "Region", "customFields.invalid"),
        ("customFields", {"Region": 5}, "customFields.invalid"),
        ("customFields", {5: "North"}, "customFields.invalid"),
        ("customFields", {"\ud800": "North"}, "customFields.invalid"),
        ("firstName", "   ", "firstName.missing"),
        ("firstName", None, "firstName.missing"),
        ("email", "", "email.missing"),
        ("email", "nobody", "email.invalid"),
    ],
)
def test_a_bad_cell_refuses_its_row(member: str, value: Any, code: str) -> None:
    """The code names the member and what is wrong with it."""
    staged = stage(1, {**GOOD, member: value})
    assert isinstance(staged, Refusal)
    assert code == staged.code
    assert "x" * 100 not in staged.detail


@pytest.mark.parametrize(
    ("member", "value", "sent"),
    [
        ("notes", "x" * 32_000, "x" * 32_000),
        ("notes", "ä" * 16_000, "ä" * 16_000),
        ("title", "=1+1", "=1+1"),
        ("title", " kept ", " kept "),
        ("linkedInUrl", " https://linkedin.com/in/ann ", "https://linkedin.com/in/ann"),
        ("ownerUserId", " 17 ", 17),
        ("accountId", 17, 17),
        ("isOptedOut", "Yes", True),
        ("isOptedOut", "0", False),
        ("companySize", "tenthousand", "TenThousand"),
        ("callStatus", "TOCALL", "toCall"),
        ("customFields", {"Region": "North"}, [{"name": "Region", "value": "North"}]),
    ],
)
def test_a_good_cell_is_sent_as_the_api_wants_it(member: str, value: Any, sent: Any) -> None:
    """Words get the contract's spelling, numbers become numbers, text stays as it is."""
    staged = stage(1, {**GOOD, member: value})
    assert isinstance(staged, StagedRow)
    assert sent == staged.item[member]


@pytest.mark.parametrize("value", [None, "", {}])
def test_an_empty_cell_is_not_sent(value: Any) -> None:
    """Empty means unknown: it must not overwrite what the contact has."""
    for member in ("title", "customFields", "ownerUserId", "isOptedOut"):
        if value == {} and member != "customFields":
            continue
        staged = stage(1, {**GOOD, member: value})
        assert isinstance(staged, StagedRow)
        assert GOOD == staged.item
    staged = stage(1, {**GOOD, "customFields": {"Region": "", "Plan": None}})
    assert isinstance(staged, StagedRow)
    assert GOOD == staged.item


def test_an_object_clears_what_it_sets_to_none() -> None:
    """UNSET is not sent, None is null, and words of the models are spelled for writing."""
    row = ContactRow(
        email="Ann@Example.com",
        first_name="Ann",
        title=None,
        company_size=CompanySize.TEN_THOUSAND,
        call_status=CallStatus.TO_CALL,
        linkedin_url="https://linkedin.com/in/ann",
        custom_fields={"Region": "North"},
    )
    staged = stage(7, row)
    assert isinstance(staged, StagedRow)
    assert 7 == staged.number
    assert {
        "email": "Ann@Example.com",
        "firstName": "Ann",
        "title": None,
        "companySize": "TenThousand",
        "callStatus": "toCall",
        "linkedInUrl": "https://linkedin.com/in/ann",
        "customFields": [{"name": "Region", "value": "North"}],
    } == staged.item
    assert ["Region"] == list(staged.custom_fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Ann@Example.com\n", "Ann@Example.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("a" * 64 + "@" + "b" * 185 + ".com", "a" * 64 + "@" + "b" * 185 + ".com"),
        ("a" * 64 + "@" + "b" * 186 + ".com", None),
        ("ann@example", None),
        ("ann@@example.com", None),
        ("a@b@example.com", None),
        ("@example.com", None),
        ("ann@", None),
        ("ann@.com", None),
        ("ann@example.", None),
        ("ann lee@example.com", None),
        ("ann@exam ple.com", None),
        ("ann@" + "ä" * 70 + ".com", None),
        ("", None),
    ],
)
def test_addresses(text: str, expected: str | None) -> None:
    """One ``@``, no white space, a domain with a dot, at most 254 characters, IDN to ASCII."""
    assert expected == normal_email(text)


def test_rows_of_one_address_fold_into_the_first() -> None:
    """Case, white space and the spelling of a domain do not make another person."""
    seen = SeenRows()
    rows = ["ann@bücher.example", " ANN@xn--bcher-kva.example", "Ann@BÜCHER.example"]
    staged = [stage_row(seen, n, {"email": e, "firstName": "A"}) for n, e in enumerate(rows, 3)]
    seen.close()
    assert isinstance(staged[0], StagedRow)
    for duplicate in staged[1:]:
        assert isinstance(duplicate, Refusal)
        assert ("duplicate", 3) == (duplicate.code, duplicate.duplicate_of)


def test_a_refused_row_does_not_make_later_ones_duplicates() -> None:
    """The first row that is fit for sending counts."""
    rows: list[Row] = [{**GOOD, "title": 5}, GOOD, Refusal(code="row.width"), GOOD]
    codes = [refusal.code if refusal else None for _, refusal in check_rows(rows)]
    assert ["title.invalid", None, "row.width", "duplicate"] == codes
    assert [1, 2, 3, 4] == [number for number, _ in check_rows(rows)]


def test_what_became_of_contacts_is_remembered() -> None:
    """The last word counts, and a contact that was not met has none."""
    seen = SeenRows()
    seen.remember([1, 2], "enrolled")
    seen.remember([2], "unknown")
    seen.remember([], "enrolled")
    assert ["enrolled", "unknown", None] == [seen.verdict(id_) for id_ in (1, 2, 3)]
    assert 5 == seen.first_row("a", 5) == seen.first_row("a", 9)
    seen.close()
