"""Providers' cost reports as uploaded files: read strictly, so that a wrong column never becomes a wrong bill."""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from billing.errors import BillingError
from solver.core.money import NANO_PER_USD, format_usd

MAX_BYTES = 4_000_000
MOST_NANO = 10**17
"""More than anybody is billed for a model's day."""
_MAX_BILLS = 5_000
# Also as JSON writes it (`1.2e-05`), but with no exponent that makes a number of a thousand digits.
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?")
_DAY = ("day", "date", "usage_date", "start_time_iso", "usage_date_utc", "bucket")
_MODEL = ("model", "model_permaslug", "line_item", "model_name", "description")
_COST = ("cost", "cost_usd", "amount", "amount_usd", "amount_value", "usage", "cost_in_usd")
_CURRENCY = ("currency", "amount_currency", "billing_currency")


_PUNCTUATION = str.maketrans('_-"()', "     ")


class ReportError(BillingError):
    """A report that cannot be taken: what is wrong in it, and what is expected."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_report", message)


class Bill(NamedTuple):
    """What a provider billed for one model on one UTC day, in nano-USD."""

    day: date
    model: str
    nano: int


@dataclass(frozen=True, slots=True)
class Report:
    """Bills of one provider. Complete: what is not named between its first and last day was billed at nothing."""

    provider: str
    source: str
    bills: Sequence[Bill]
    is_complete: bool
    first_day: date
    last_day: date
    sha256: str


def report_of(
    provider: str,
    source: str,
    bills: Iterable[Bill],
    *,
    is_complete: bool,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Report:
    """Return bills as a report, those of one day and model added up. Raises ReportError where there is none."""
    sums: dict[tuple[date, str], int] = {}
    for bill in bills:
        sums[bill.day, bill.model] = sums.get((bill.day, bill.model), 0) + bill.nano
    if not sums and first_day is None:
        raise ReportError(f"{source}: it has no line with a cost. Upload a report of days with calls.")
    if len(sums) > _MAX_BILLS:
        raise ReportError(
            f"{source}: {len(sums):,} days and models, more than {_MAX_BILLS:,}. Upload a shorter period."
        )
    for (day, model), nano in sums.items():
        if abs(nano) > MOST_NANO:
            raise ReportError(
                f"{source}: the costs of {model[:60]} on {day} add up to {format_usd(nano)}, which nobody is billed. "
                "Is that column really in dollars?"
            )
    days = [day for day, _ in sums]
    added = [Bill(day, model, nano) for (day, model), nano in sorted(sums.items())]
    digest = hashlib.sha256(repr([(str(day), model, nano) for day, model, nano in added]).encode())
    return Report(
        provider=provider,
        source=source[:200],
        bills=added,
        is_complete=is_complete,
        first_day=first_day or min(days),
        last_day=last_day or max(days),
        sha256=digest.hexdigest(),
    )


def read_csv(content: bytes, *, provider: str, name: str, is_complete: bool) -> Report:
    """Read an uploaded CSV: a day (UTC), a model and a cost in dollars a line. Raises ReportError naming the line."""
    if len(content) > MAX_BYTES:
        raise ReportError(f"{name}: more than {MAX_BYTES // 1_000_000} MB. Upload a shorter period.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ReportError(f"{name}: it is not text in UTF-8. Export it as CSV (UTF-8), not as a workbook.")
    rows = _rows(text, name)
    if not rows:
        raise ReportError(
            f"{name}: it is empty. Expected a line that names the columns, then one line a cost."
        )
    (_, titles), *lines = rows
    header = [_plain(cell) for cell in titles]
    day, model, cost = (
        _column(header, names, what, name)
        for names, what in ((_DAY, "day"), (_MODEL, "model"), (_COST, "cost"))
    )
    currencies = [number for number, title in enumerate(header) if title in _CURRENCY]
    bills = []
    for number, row in lines:
        where = f"{name}, line {number}"
        if len(row) != len(header):
            raise ReportError(
                f"{where}: {len(row)} columns where the header has {len(header)}. A cell with a comma, such as "
                "1,50, needs quotes around it."
            )
        for currency in currencies:
            if row[currency].strip().lower() not in {"usd", "us$", "$"}:
                raise ReportError(
                    f"{where}: the currency is “{row[currency][:20]}”. Reports must be in USD; ask the provider for one, "
                    "and leave out lines of totals."
                )
        bills.append(
            Bill(read_day(row[day], where), read_model(row[model], where), read_usd(row[cost], where))
        )
    return report_of(provider, name, bills, is_complete=is_complete)


def _rows(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Return the lines that say something, with their numbers. Raises ReportError."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(
        io.StringIO(text, newline=None), delimiter=max((",", ";", "\t"), key=first.count), strict=True
    )
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ReportError(
            f"{name}, line {reader.line_num}: it is not CSV ({error}). Export it again, without editing it."
        ) from None


def read_day(text: str, where: str) -> date:
    """Return the UTC day of a cell. Raises ReportError."""
    cell = text.strip()
    try:
        if cell.isascii() and cell.isdecimal() and len(cell) in {9, 10}:
            day = datetime.fromtimestamp(int(cell), tz=UTC).date()
        elif len(cell) == len("2026-01-31"):
            day = date.fromisoformat(cell)
        else:
            moment = datetime.fromisoformat(cell)
            day = (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError, OSError):
        raise ReportError(
            f"{where}: “{cell[:40]}” is not a day. Write 2026-01-31, and leave out lines of totals."
        ) from None
    if day > datetime.now(tz=UTC).date():
        raise ReportError(f"{where}: {day} is in the future. Days are UTC's, year first: 2026-01-31.")
    return day


def read_model(text: str, where: str) -> str:
    """Return the model of a cell, without the class of tokens that OpenAI puts behind it. Raises ReportError."""
    model = text.split(", ", 1)[0].strip()
    if not model or len(model) > 130 or not model.isprintable():
        raise ReportError(
            f"{where}: “{' '.join(text.split())[:40]}” names no model. Expected a name such as gpt-5-mini, of at most "
            "130 characters."
        )
    return model


def read_usd(text: str, where: str) -> int:
    """Return dollars as nano-USD, to the nearest; credits are negative. Raises ReportError."""
    cell = text.strip().removeprefix("$")
    nano = int((Decimal(cell) * NANO_PER_USD).to_integral_value()) if _NUMBER.fullmatch(cell) else None
    if nano is None or abs(nano) > MOST_NANO:
        raise ReportError(
            f"{where}: “{cell[:40]}” is not an amount of dollars. Write 12.345678, with a point."
        )
    return nano


def _plain(title: str) -> str:
    """Return a column's title as it is compared: `Cost (USD)` is `cost_usd`."""
    words = title.strip().lower().replace("($)", "usd").translate(_PUNCTUATION)
    return "_".join(words.split())


def _column(header: Sequence[str], names: Sequence[str], what: str, file: str) -> int:
    found = next((name for name in names if name in header), None)
    if found is None:
        listed = ", ".join(header)[:200]
        raise ReportError(
            f"{file}: no column for the {what}. Expected one named {', '.join(names[:3])} or the like; found: "
            f"{listed or 'nothing'}."
        )
    if header.count(found) > 1:
        raise ReportError(f"{file}: {header.count(found)} columns named {found}. Keep one.")
    return header.index(found)
