"""Which member each column fills, and which headers stop the import."""

import pytest

from reply_async.cli.csv_columns import plan_columns
from reply_async.cli.errors import BadInput

MEMBERS = {"email": "email", "firstname": "firstName", "title": "title", "phone2": "phone2"}
NEEDED = ["email", "firstName"]


@pytest.mark.parametrize(
    ("header", "member"),
    [("Title", "title"), (" TITLE ", "title"), ("Phone_2", "phone2"), ("ph-one 2", "phone2")],
)
def test_headers_are_compared_without_case_space_and_dashes(header: str, member: str) -> None:
    """Spelling does not matter, the word does."""
    assert {"email": 0, "firstName": 1, member: 2} == plan_columns(
        [*NEEDED, header], column_map=(), members=MEMBERS
    ).members


def test_every_unknown_column_is_named_at_once() -> None:
    """One run is enough to learn what to map, and how."""
    with pytest.raises(BadInput) as caught:
        plan_columns([*NEEDED, "Region", "", "Job Title"], column_map=(), members=MEMBERS)

    assert "'Region', column 4 (no name), 'Job Title'" in str(caught.value)
    assert "--map 'HEADER=member'" in str(caught.value)


def test_map_names_members_custom_fields_and_what_to_leave_out() -> None:
    """The three forms of --map; a custom field keeps its spelling."""
    columns = plan_columns(
        [*NEEDED, "Job Title", "Region", "Notes", "a=b", ""],
        column_map=["Job Title=Title", "Region=custom:Sales Region", "Notes=", "a=b=", "="],
        members=MEMBERS,
    )

    assert {"email": 0, "firstName": 1, "title": 2} == columns.members
    assert {"Sales Region": 3} == columns.custom_fields
    row = columns.row_builder()(["a@x.com", "Ann", "", "North", "n", "c", ""])
    assert {
        "email": "a@x.com",
        "firstName": "Ann",
        "title": "",
        "customFields": {"Sales Region": "North"},
    } == row


def test_map_goes_before_the_name_of_the_column() -> None:
    """A column that has a member's name can be given another meaning."""
    columns = plan_columns([*NEEDED, "title"], column_map=["title=custom:Title"], members=MEMBERS)

    assert {"Title": 2} == columns.custom_fields


@pytest.mark.parametrize(
    ("header", "column_map", "said"),
    [
        ([*NEEDED, "email"], [], "two columns are named 'email' (columns 1 and 3)"),
        ([*NEEDED, "E-Mail"], [], "'email' and 'E-Mail' both mean email (columns 1 and 3)"),
        ([*NEEDED, "x"], ["x=email"], "both mean email"),
        (["email"], [], "no column for firstName"),
        (["title"], [], "no column for email, firstName"),
        (NEEDED, ["Job=title"], "the file has no column 'Job'"),
        ([*NEEDED, "Job"], ["Job=tittle"], "no member 'tittle'; there are email, firstName"),
        ([*NEEDED, "Job"], ["Job"], "write HEADER=member"),
        ([*NEEDED, "Job"], ["Job=custom:"], "the custom field has no name"),
    ],
)
def test_a_header_that_is_not_clear_stops_the_import(
    header: list[str], column_map: list[str], said: str
) -> None:
    """The message names the columns."""
    with pytest.raises(BadInput) as caught:
        plan_columns(header, column_map=column_map, members=MEMBERS)

    assert said in str(caught.value)


def test_the_columns_of_a_rejects_file_are_passed_over() -> None:
    """A rejects file can be imported as it is."""
    header = ["_line", "_code", "_reason", "_retryable", *NEEDED]

    columns = plan_columns(header, column_map=(), members=MEMBERS)

    assert {"email": 4, "firstName": 5} == columns.members
    assert (4, 5) == columns.own_positions()
