"""Cost reports fetched from providers: OpenAI's costs, Anthropic's cost report, OpenRouter's activity.

Each needs a key of its own that may read bills (an admin or management key, never the one that makes calls). Only whole
UTC days are asked for. Figures are read as decimals as they stand in the reply.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

from billing.reconciliation.ours import bounds
from billing.reconciliation.report import Bill, Report, ReportError, read_day, read_model, read_usd, report_of

ADDRESSES = {
    "openai": "https://api.openai.com/v1/organization/costs",
    "anthropic": "https://api.anthropic.com/v1/organizations/cost_report",
    "openrouter": "https://openrouter.ai/api/v1/activity",
}
_TIMEOUT_S = 30
_MAX_PAGES = 100
_MAX_BYTES = 20_000_000


class _NoRedirect(HTTPRedirectHandler):
    """Follows none: the key of the bills is for this address alone."""

    def redirect_request(self, *_args: object, **_more: object) -> None:
        """Return no other request, so that the redirect is an error."""


_OPENER = build_opener(_NoRedirect)


def configured() -> list[str]:
    """Return the providers for which there is a key."""
    return [provider for provider in ADDRESSES if settings.PROVIDER_REPORT_KEYS.get(provider)]


def fetch(provider: str, *, days: int) -> Report:
    """Return what a provider billed on the last whole UTC days. Raises ReportError."""
    last = datetime.now(tz=UTC).date() - timedelta(days=1)
    first = last - timedelta(days=days - 1)
    try:
        bills = list(_READERS[provider](first, last))
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise ReportError(
            f"{provider}: its cost report has another form than expected ({type(error).__name__})."
        ) from None
    return report_of(provider, ADDRESSES[provider], bills, is_complete=True, first_day=first, last_day=last)


def _openai(first: date, last: date) -> Iterator[Bill]:
    begin, end = bounds(first, last)
    asked = {
        "start_time": int(begin.timestamp()),
        "end_time": int(end.timestamp()),
        "bucket_width": "1d",
        "group_by": "line_item",
        "limit": 31,
    }
    for bucket in _buckets("openai", asked, {"Authorization": f"Bearer {_key('openai')}"}):
        day = read_day(str(bucket["start_time"]), "OpenAI's report")
        for result in bucket["results"]:
            yield _bill(
                day, result.get("line_item") or "unnamed", result["amount"]["value"], result["amount"]
            )


def _anthropic(first: date, last: date) -> Iterator[Bill]:
    begin, end = bounds(first, last)
    asked = {
        "starting_at": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
        "ending_at": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "bucket_width": "1d",
        "group_by[]": "description",
        "limit": 31,
    }
    headers = {"x-api-key": _key("anthropic"), "anthropic-version": "2023-06-01"}
    for bucket in _buckets("anthropic", asked, headers):
        day = read_day(bucket["starting_at"], "Anthropic's report")
        for result in bucket["results"]:
            # In cents, as a decimal string.
            usd = Decimal(str(result["amount"])) / 100
            yield _bill(day, result.get("model") or result.get("description") or "unnamed", usd, result)


def _openrouter(first: date, last: date) -> Iterator[Bill]:
    reply = _asked("openrouter", {}, {"Authorization": f"Bearer {_key('openrouter')}"})
    for row in reply["data"]:
        day = read_day(row["date"][:10], "OpenRouter's report")
        if first <= day <= last:
            yield _bill(day, row["model"], row["usage"], {})


_READERS: dict[str, Callable[[date, date], Iterator[Bill]]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "openrouter": _openrouter,
}


def _bill(day: date, model: str, usd: object, says: dict[str, Any]) -> Bill:
    currency = str(says.get("currency") or "usd")
    if currency.lower() != "usd":
        raise ReportError(
            f"{day}, {model[:60]}: the provider bills in {currency[:10]}. Only USD is understood."
        )
    return Bill(day, read_model(model, str(day)), read_usd(str(usd), f"{day}, {model[:60]}"))


def _key(provider: str) -> str:
    return str(settings.PROVIDER_REPORT_KEYS[provider])


def _buckets(provider: str, asked: dict[str, Any], headers: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the days of all pages of a reply."""
    for _ in range(_MAX_PAGES):
        reply = _asked(provider, asked, headers)
        yield from reply["data"]
        if not reply.get("has_more"):
            return
        asked = {**asked, "page": reply["next_page"]}
    raise ReportError(f"{provider}: its cost report has more than {_MAX_PAGES} pages. Ask for fewer days.")


def _asked(provider: str, asked: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    address = ADDRESSES[provider] + (f"?{urlencode(asked)}" if asked else "")
    request = Request(address, headers={**headers, "User-Agent": "ponder"})  # noqa: S310  (ours, https)
    try:
        with _OPENER.open(request, timeout=_TIMEOUT_S) as reply:
            found = json.loads(reply.read(_MAX_BYTES), parse_float=Decimal)
    except HTTPError as error:
        with error:
            hint = " Is the key one that may read bills?" if error.code in {401, 403} else ""
            hint = (
                " Has its address moved? Upload its report as CSV until then." if error.code < 400 else hint
            )
            raise ReportError(f"{provider}: its cost report answered {error.code}.{hint}") from None
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise ReportError(
            f"{provider}: its cost report could not be read ({type(error).__name__})."
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("data"), list):
        raise ReportError(f"{provider}: its cost report has another form than expected.")
    return found
