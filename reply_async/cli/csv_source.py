"""The bytes of a CSV file: where they come from, and which text they hold.

An input is read more than once (to look at it, to check it, to import it), so one
that cannot be rewound is copied to a private temporary file first. An encoding
that the bytes do not prove is never guessed: the reader stops and names the one
that fits.
"""

from __future__ import annotations

import codecs
import csv
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import BinaryIO

from reply_async.cli.errors import BadInput

SAMPLE_BYTES = 65_536
SAMPLE_RECORDS = 21  # the header and 20 records
DELIMITERS = (",", ";", "\t", "|")
NUL_SHARE = 0.3  # Latin text in UTF-16 has a NUL in nearly every second byte
MOSTLY_ONE_SIDE = 10

# Longest first: the mark of UTF-32 begins with that of UTF-16.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@contextmanager
def open_source(path: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input for ``-``, so that it can be rewound."""
    if path == "-":
        with _copied(sys.stdin.buffer) as copy:
            yield copy
        return
    try:
        source = open(path, "rb")  # noqa: SIM115, PTH123 - closed below, and `path` is the user's word
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    with source:
        if source.seekable():
            yield source
        else:
            with _copied(source) as copy:
                yield copy


@contextmanager
def _copied(stream: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        copy.flush()  # its size and time are noted before it is read
        yield copy


@contextmanager
def open_text(source: BinaryIO, encoding: str) -> Iterator[io.TextIOWrapper]:
    """Read the source from its start as text, with its line ends as they are."""
    source.seek(0)
    text = io.TextIOWrapper(source, encoding, newline="")
    try:
        yield text
    finally:
        if not source.closed:  # as it is when a reader is let go half-way, at the end
            text.detach()  # the source stays open for the next pass


def find_encoding(source: BinaryIO, wanted: str | None) -> str:
    """Tell the encoding of the source, as asked for or as the bytes prove."""
    source.seek(0)
    sample = source.read(SAMPLE_BYTES)
    marked = next((name for mark, name in BYTE_ORDER_MARKS if sample.startswith(mark)), None)
    if wanted is not None:
        return _checked_encoding(wanted, marked)
    return marked or _utf16_by_nuls(sample) or "utf-8"


def _checked_encoding(wanted: str, marked: str | None) -> str:
    try:
        name = codecs.lookup(wanted).name
        b"a".decode(wanted, "replace")  # encodings of bytes, such as hex, fail here
    except LookupError:
        raise BadInput(f"--encoding {wanted}: no such text encoding") from None
    return "utf-8-sig" if name == "utf-8" and marked == "utf-8-sig" else name


def _utf16_by_nuls(sample: bytes) -> str | None:
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) / 2
    if odd > half * NUL_SHARE and even * MOSTLY_ONE_SIDE < odd:
        return "utf-16-le"
    if even > half * NUL_SHARE and odd * MOSTLY_ONE_SIDE < even:
        return "utf-16-be"
    return None


def decoding_problem(
    source: BinaryIO, error: UnicodeDecodeError, lines_before: int, encoding: str
) -> str:
    """Say where a text stops being what it was read as, and what it may be.

    ``lines_before`` are the whole lines that were read before the failing block.
    """
    offset = source.tell() - len(error.object) + error.start
    good = error.object[: error.start]
    line = lines_before + 1 + good.count(b"\n")
    if b"\n" not in good:
        line += good.count(b"\r")
    likely = _likely_encoding(error.object[error.start :])
    return (
        f"byte {offset}, line {line}: not {encoding.removesuffix('-sig')}; "
        f"it looks like {likely}: add --encoding {likely} if that is right"
    )


def _likely_encoding(sample: bytes) -> str:
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"  # five bytes have no meaning in cp1252, all have one in latin-1
    return "cp1252"


def find_delimiter(source: BinaryIO, encoding: str) -> str:
    """Tell the delimiter that cuts header and first records into equal widths."""
    return max(DELIMITERS, key=lambda delimiter: _evenness(source, encoding, delimiter))


def _evenness(source: BinaryIO, encoding: str, delimiter: str) -> tuple[float, int]:
    """Give the share of records as wide as the header, and that width."""
    widths: list[int] = []
    with open_text(source, encoding) as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        # what fails here fails again in the check of the whole file, which names the place
        with suppress(csv.Error, UnicodeDecodeError):
            widths.extend(len(cells) for cells in islice(filter(None, reader), SAMPLE_RECORDS))
    if not widths or widths[0] == 1:
        return 0.0, 1
    return widths.count(widths[0]) / len(widths), widths[0]
