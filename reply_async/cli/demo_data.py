"""A CSV file of made-up contacts with the flaws that real files have.

Deterministic: the same number of rows and the same seed give the same file. Rows
are written one by one, so any number of them takes the same memory.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

HEADER = (
    "E-mail",
    "First Name",
    "Last Name",
    "Company",
    "Job Title",
    "City",
    "Country",
    "Phone",
    "LinkedIn URL",
    "Notes",
)
COLUMN_MAP = ("Job Title=title",)
FIRST_NAMES = (
    "Ana",
    "Björn",
    "Chloé",
    "Dmytro",
    "Elif",
    "François",
    "Grażyna",
    "Hiroshi",
    "İnci",
    "Jürgen",
    "Kateřina",
    "Li",
    "Mária",
    "Niamh",
    "Óscar",
    "Priya",
    "Quentin",
    "Renée",
    "Søren",
    "Thảo",
    "Ümit",
    "Violeta",
    "Wei",
    "Ximena",
    "Yūki",
    "Zoë",
)
LAST_NAMES = (
    "Andersson",
    "Bianchi",
    "Červený",
    "D'Angelo",
    "Eriksen",
    "Fernández",
    "Göring-Lund",
    "Hughes",
    "Ivanova",
    "Jónsdóttir",
    "Kowalczyk",
    "Łukasik",
    "Müller",
    "Nguyễn",
    "O'Neill",
    "Papadopoulos",
    "Quiñones",
    "Rossi",
    "Šimić",
    "Tanaka",
)
COMPANIES = (
    "Acme, Inc.",
    "Blue Harbour",
    "Cobalt & Sons",
    "Delta Freight",
    "Evergreen Labs",
    "Fjord Analytics",
    'Granite "G" Works',
    "Helio Energy",
    "Ibis Travel",
    "Juniper Foods",
    "Kestrel Media",
    "Lumen Dental",
)
TITLES = ("Founder", "Head of Sales", "CTO", "Marketing Manager", "VP, Operations", "Buyer")
PLACES = (
    ("Lisboa", "Portugal"),
    ("München", "Germany"),
    ("Kraków", "Poland"),
    ("København", "Denmark"),
    ("Montréal", "Canada"),
    ("São Paulo", "Brazil"),
    ("Austin", "United States"),
)
NOTES = ("", "", "met at the fair", "asked for prices\nin June", 'calls it "the tool"', "=1+1")

BYTES_TOO_MANY = 40_960
ROWS_OF_A_ROUND = 250
BLANK_LINE_AT = 120


class Flaw(Enum):
    """What is wrong with a row, by its place in each round of 250 rows."""

    DUPLICATE = (31, 64, 97, 198)
    NO_FIRST_NAME = (45, 171)
    BAD_EMAIL = (58, 133, 222)
    SHORT_ROW = (207,)
    HUGE_CELL = (240,)


FLAW_AT = {place: flaw for flaw in Flaw for place in flaw.value}
BAD_EMAILS = ("anna.example.com", "two@at@example.com", "with space@example.com", "nobody@nowhere")


def flaw_at(number: int) -> Flaw | None:
    """Tell what is wrong with a row; the huge cell comes once in a file."""
    flaw = FLAW_AT.get(number % ROWS_OF_A_ROUND)
    if flaw is Flaw.HUGE_CELL and number > ROWS_OF_A_ROUND:
        return None
    return flaw


def flawed_rows(rows: int) -> int:
    """Count the rows that no import should send."""
    return sum(flaw_at(number) is not None for number in range(1, rows + 1))


def write_sample(path: Path, *, rows: int, seed: int) -> None:
    """Write the file as a spreadsheet would: with a BOM, CRLF, and blank lines."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(HEADER)
        for number, cells in enumerate(_rows(rows, seed), start=1):
            writer.writerow(cells)
            if number % ROWS_OF_A_ROUND == BLANK_LINE_AT:
                stream.write("\r\n")


def _rows(rows: int, seed: int) -> Iterator[list[str]]:
    chance = random.Random(seed)  # noqa: S311 - sample data, no secret
    first_email = ""
    for number in range(1, rows + 1):
        cells = _contact(number, chance)
        if number % ROWS_OF_A_ROUND == 1:
            first_email = cells[0]
        match flaw_at(number):
            case Flaw.DUPLICATE:
                cells[0] = f" {first_email.upper()} "
            case Flaw.NO_FIRST_NAME:
                cells[1] = ""
            case Flaw.BAD_EMAIL:
                cells[0] = BAD_EMAILS[number % len(BAD_EMAILS)]
            case Flaw.SHORT_ROW:
                del cells[-2:]
            case Flaw.HUGE_CELL:
                cells[-1] = "x" * BYTES_TOO_MANY
        yield cells


def _contact(number: int, chance: random.Random) -> list[str]:
    city, country = chance.choice(PLACES)
    # addresses under example.com reach nobody
    name = f"contact-{number}"
    return [
        f"{name}@firm-{number % 977}.example.com",
        chance.choice(FIRST_NAMES),
        chance.choice(LAST_NAMES),
        chance.choice(COMPANIES),
        chance.choice(TITLES),
        city,
        country,
        f"+49 30 {number:07d}",
        f"https://www.linkedin.com/in/{name}",
        chance.choice(NOTES),
    ]
