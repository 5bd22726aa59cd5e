"""The finance page of the cost review: paid and trial money, waste, liabilities, payables, Stripe, tokens by model."""

from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.cost_review.finance import Finance, ModelLine, finance, model_lines
from billing.cost_review.sums import By, Line, Lines, Scope
from billing.views.staff.period import chosen, period, zoned_csv
from solver.core.money import usd_decimal

_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_AMOUNTS = (
    *("cost_nano", "input_nano", "cache_read_nano", "cache_write_nano", "output_nano", "reasoning_nano"),
    *("fee_nano", "input_per_million_nano", "cache_read_per_million_nano", "cache_write_per_million_nano"),
    *("output_per_million_nano", "reasoning_per_million_nano", "per_million_nano"),
    *("again_nano", "mute_nano", "doubt_nano"),
)
HEADER = (
    *("model", "settled", *_TOKENS, "again", "mute", "in_doubt"),
    *(name.replace("_nano", "_usd") for name in _AMOUNTS),
)


@staff_with(Right.SEE_COSTS)
@require_GET
def finance_page(request: AuthedRequest) -> HttpResponse:
    """Show the books of a period, of one model where the address names one; of no other part are there all figures."""
    scope, sums, figures = _books(request)
    context = {**period(request, scope), "figures": figures, "sums": sums}
    return render(request, "billing/staff/finance.html", context)


@staff_with(Right.SEE_COSTS)
@require_GET
def figures_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download the amounts of the page, each with its period."""
    scope, sums, figures = _books(request)
    amounts = {
        name: getattr(sums, name) for name in ("billed_nano", "cost_nano", "margin_nano", "overrun_nano")
    }
    for part in (figures.users, figures):
        names = [name for name in dir(part) if name.endswith("_nano")]
        amounts |= {name: getattr(part, name) for name in names}
    amounts |= {
        f"waste_{name}": getattr(figures.total, name) for name in ("again_nano", "mute_nano", "doubt_nano")
    }
    for line in figures.providers:
        for name in ("cost_nano", "doubt_nano", "reported_nano", "payable_nano"):
            if (nano := getattr(line, name)) is not None:
                amounts[f"{line.provider} {name}"] = nano
    rows = (
        [name.removesuffix("_nano"), usd_decimal(nano), scope.first_day, scope.last_day]
        for name, nano in amounts.items()
    )
    name = f"ponder-finance-{scope.first_day}-to-{scope.last_day}.csv"
    return zoned_csv(name, ("figure", "amount_usd", "first_day", "last_day"), rows)


def _books(request: AuthedRequest) -> tuple[Scope, Line, Finance]:
    asked, _ = chosen(request)
    scope = Scope(days=asked.days, last=asked.last, model=asked.model)
    sums = Lines(scope, By.PROVIDER, most=1).total
    return scope, sums, finance(scope, charged_nano=None if scope.model else sums.billed_nano)


@staff_with(Right.SEE_COSTS)
@require_GET
def tokens_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download tokens, effective prices and waste by model."""
    scope, _ = chosen(request)
    name = f"ponder-tokens-{scope.first_day}-to-{scope.last_day}.csv"
    return zoned_csv(name, HEADER, _rows(model_lines(scope)))


def _rows(lines: list[ModelLine]) -> Iterator[list[object]]:
    for line in lines:
        amounts = [getattr(line, name) for name in _AMOUNTS]
        yield [
            *(line.model, line.settled, *(getattr(line, name) for name in _TOKENS)),
            *(line.again, line.mute, line.doubts),
            *("" if nano is None else usd_decimal(nano) for nano in amounts),
        ]
