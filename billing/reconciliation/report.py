"""Providers' cost reports as uploaded files: read strictly, so that a wrong column never becomes a wrong bill."""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from billing.errors import BillingError
from solver.core.money import NANO_PER_USD

MAX_BYTES = 4_000_000
_MAX_NANO = 10**18
_DAY = ("day", "date", "usage_date", "start_time_iso", "usage_date_utc", "bucket")
_MODEL = ("model", "model_permaslug", "line_item", "model_name", "description")
_COST = ("cost", "cost_usd", "amount", "amount_usd", "amount_value", "usage", "cost_in_usd")
_CURRENCY = ("currency", "amount_currency", "billing_currency")


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
        raise ReportError(f"{source}: it has no line with a cost.")
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
        raise ReportError(f"{name}: it is not text in UTF-8. Export it as CSV (UTF-8).") from None
    first = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ReportError(f"{name}: it is not CSV ({error}).") from None
    if not rows:
        raise ReportError(f"{name}: it is empty.")
    header = [_plain(cell) for cell in rows[0]]
    day, model, cost = (
        _column(header, names, what, name)
        for names, what in ((_DAY, "day"), (_MODEL, "model"), (_COST, "cost"))
    )
    currency = next((header.index(each) for each in _CURRENCY if each in header), None)
    bills = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        where = f"{name}, line {number}"
        if len(row) != len(header):
            raise ReportError(f"{where}: {len(row)} columns where the header has {len(header)}.")
        if currency is not None and row[currency].strip().lower() not in {"usd", "us$", "$"}:
            raise ReportError(
                f"{where}: the currency is “{row[currency][:20]}”. Reports must be in USD; ask the provider for one."
            )
        bills.append(
            Bill(read_day(row[day], where), read_model(row[model], where), read_usd(row[cost], where))
        )
    return report_of(provider, name, bills, is_complete=is_complete)


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
        raise ReportError(f"{where}: “{cell[:40]}” is not a day. Write 2026-01-31.") from None
    if day > datetime.now(tz=UTC).date():
        raise ReportError(f"{where}: {day} is in the future.")
    return day


def read_model(text: str, where: str) -> str:
    """Return the model of a cell, without the class of tokens that OpenAI puts behind it. Raises ReportError."""
    model = text.split(", ", 1)[0].strip()
    if not model or len(model) > 130 or not model.isprintable():
        raise ReportError(f"{where}: “{text[:40]}” names no model.")
    return model


def read_usd(text: str, where: str) -> int:
    """Return dollars as nano-USD, to the nearest; credits are negative. Raises ReportError."""
    cell = text.strip().removeprefix("$")
    try:
        usd = Decimal(cell)
        nano = int((usd * NANO_PER_USD).to_integral_value()) if usd.is_finite() else None
    except (InvalidOperation, ValueError, OverflowError):
        nano = None
    if nano is None or abs(nano) > _MAX_NANO:
        raise ReportError(
            f"{where}: “{cell[:40]}” is not an amount of dollars. Write 12.345678, with a point."
        )
    return nano


def _plain(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_").replace("-", "_").strip('"')


def _column(header: Sequence[str], names: Sequence[str], what: str, file: str) -> int:
    found = next((header.index(name) for name in names if name in header), None)
    if found is None:
        listed = ", ".join(header)[:200]
        raise ReportError(
            f"{file}: no column for the {what}. Expected one named {', '.join(names[:3])} or the like; found: {listed}."
        )
    return found
