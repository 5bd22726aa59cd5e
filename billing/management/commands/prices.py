"""`manage.py prices show|import|diff|approve|compare`: the price book, and what others publish beside it.

`prices --check` compares the book with the shipped list and the settings, `prices --load` adds what is missing.
"""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from billing.errors import BillingError
from billing.models import Price, PriceDraft, PriceSource
from billing.prices.book import load_prices, price_book, unloaded_models
from billing.prices.comparison import Difference, by_class, limits_of
from billing.prices.drafts import DraftLine, DraftState, approve, columns_of, draft_lines, import_drafts
from billing.prices.providers import importable_providers, listed_providers
from billing.prices.second_source import EXPLAINED, compared, sample
from billing.templatetags.money import usd_per_million
from billing.templatetags.prices import price_of

_SHOW, _IMPORT, _DIFF, _APPROVE, _COMPARE = "show", "import", "diff", "approve", "compare"
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
_VERDICTS = ("same", "explained", "unexplained")
_ACTIONS = (_SHOW, _IMPORT, _DIFF, _APPROVE, _COMPARE)


class Command(BaseCommand):
    """Shows what each model costs in dollars per million tokens, imports drafts, compares them, approves them."""

    help = "Show the price book, import prices from litellm's map and genai-prices, compare and approve them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("action", nargs="?", default=_SHOW, choices=_ACTIONS)
        parser.add_argument(
            "models", nargs="*", help="show, diff, approve: these models, such as openai/gpt-5"
        )
        parser.add_argument(
            "--provider",
            action="append",
            default=[],
            help="import, diff: of these providers alone; may be repeated",
        )
        parser.add_argument(
            "--source", choices=PriceSource.values, help="approve: whose draft; else litellm's first"
        )
        parser.add_argument(
            "--from", dest="starts_on", type=_day, help="approve: from this day on (YYYY-MM-DD), else now"
        )
        parser.add_argument(
            "--uplift-percent",
            type=_basis_points,
            default=0,
            help="approve: raise rates, as for calls kept in a region",
        )
        parser.add_argument("--by", help="approve: the address of whoever approves it")
        parser.add_argument(
            "--all", action="store_true", help="diff: also new models and those without a difference"
        )
        parser.add_argument(
            "--sample", type=_number, help="compare: only so many prices of the shipped list, drawn by chance"
        )
        parser.add_argument(
            "--check", action="store_true", help="fail if the price book lacks a price it should have"
        )
        parser.add_argument(
            "--load", action="store_true", help="add new prices from the list and from PONDER_PRICES"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the action says."""
        del args
        if options["action"] == _IMPORT:
            self._import([name.strip().lower() for name in options["provider"]] or listed_providers())
        elif options["action"] == _DIFF:
            self._diff(options)
        elif options["action"] == _APPROVE:
            self._approve(options)
        elif options["action"] == _COMPARE:
            self._compare(options["sample"])
        else:
            self._check_or_load(options)
            self._show(options["models"])

    def _check_or_load(self, options: dict[str, Any]) -> None:
        try:
            if options["load"]:
                self.stdout.write(f"New prices: {load_prices()}.")
            missing = unloaded_models() if options["check"] else []
        except ValueError as error:
            raise CommandError(str(error)) from error
        if missing:
            raise CommandError(
                f"The price book lacks current prices for {', '.join(missing)}. Run `manage.py prices --load`."
            )

    def _import(self, chosen: list[str]) -> None:
        number = import_drafts(chosen)
        found = set(PriceDraft.objects.filter(provider__in=chosen).values_list("provider", flat=True))
        if missing := sorted(set(chosen) - found):
            raise CommandError(
                f"Nobody publishes prices of {', '.join(missing)}. Name providers as litellm does, such as "
                f"{', '.join(importable_providers())}."
            )
        self.stdout.write(f"Drafts: {number}, of {', '.join(chosen)}.")

    def _diff(self, options: dict[str, Any]) -> None:
        lines = _chosen(options)
        if not lines:
            raise CommandError(
                "There are no drafts of these models. `manage.py prices import --provider NAME` makes them."
            )
        shown = [line for line in lines if options["all"] or line.state == DraftState.CHANGED]
        for line in shown:
            self.stdout.write(f"{line.model}: {line.state}, {_agreement(line)}")
            for each in line.differences:
                self.stdout.write(f"  {_words(each)}")
        same = sum(line.state == DraftState.SAME for line in lines)
        new = sum(line.state == DraftState.NEW for line in lines)
        self.stdout.write(
            f"Changed: {len(lines) - same - new}. Same as in the book: {same}. Not in the book: {new}."
        )

    def _approve(self, options: dict[str, Any]) -> None:
        by = User.objects.filter(email__iexact=options["by"] or "").first()
        if options["by"] and by is None:
            raise CommandError(f"No user has the address {options['by']}.")
        if not options["models"]:
            raise CommandError(
                "Name the models to approve, such as openai/gpt-5. `manage.py prices diff --all` lists them."
            )
        proposed = {line.model: line.proposed.source for line in draft_lines()}
        for model in options["models"]:
            source = options["source"] or proposed.get(model, PriceSource.LITELLM)
            try:
                price = approve(
                    model, source, by=by, starts_on=options["starts_on"], uplift_bp=options["uplift_percent"]
                )
            except BillingError as error:
                raise CommandError(error.message) from error
            self.stdout.write(f"{price}: {price.source}")

    def _compare(self, number: int | None) -> None:
        """Write the table of the shipped list's prices beside genai-prices', and fail where one is not explained."""
        rows = list(compared()) if number is None else sample(number)
        for row in rows:
            ours, theirs = price_of(row.ours, row.name), price_of(row.theirs, row.name)
            self.stdout.write(f"{row.verdict:11}  {row.model:46}  {row.name:40}  {ours:>10}  {theirs:>10}")
        for model in sorted({row.model for row in rows if row.verdict == "explained"}):
            self.stdout.write(f"{model}: {EXPLAINED[model]}")
        counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in _VERDICTS}
        self.stdout.write(", ".join(f"{verdict} {count}" for verdict, count in counts.items()))
        if counts["unexplained"]:
            raise CommandError(
                f"{counts['unexplained']} prices differ from genai-prices' and nobody said why "
                "(billing/prices/second_source.py)."
            )

    def _show(self, models: list[str]) -> None:
        """Write the whole book in a line each, or all that it says of some models."""
        book = price_book()
        if missing := [name for name in models if name not in book]:
            raise CommandError(
                f"The price book has no price of {', '.join(missing)}. `manage.py prices` lists all that it has; "
                "`manage.py prices import --provider NAME` makes drafts of others."
            )
        if not models:
            self._list(book)
        for price in (book[name] for name in models):
            columns = columns_of(price)
            self.stdout.write(f"{price.model}, since {price.effective_from:%Y-%m-%d}: {price.source}")
            for name, figure in (by_class(columns) | limits_of(columns)).items():
                self.stdout.write(f"  {name}: {price_of(figure, name)}")

    def _list(self, book: dict[str, Price]) -> None:
        width = max((len(model) for model in book), default=5)
        self.stdout.write(
            f"{'model':{width}}  {'input':>12} {'output':>12}  {'context':>9}  since       source"
        )
        for model, price in book.items():
            self.stdout.write(
                f"{model:{width}}  {usd_per_million(price.input_pico):>12} {usd_per_million(price.output_pico):>12}  "
                f"{price.context_window:>9}  {price.effective_from:%Y-%m-%d}  {price.source}"
            )
        self.stdout.write(f"Models that can run: {len(book)}.")


def _chosen(options: dict[str, Any]) -> list[DraftLine]:
    lines = [line for provider in options["provider"] or [""] for line in draft_lines(provider=provider)]
    return [line for line in lines if not options["models"] or line.model in options["models"]]


def _agreement(line: DraftLine) -> str:
    if line.sources_agree is None:
        return f"only {line.proposed.get_source_display()} has it"
    return "both sources agree" if line.sources_agree else "the sources disagree"


def _words(change: Difference) -> str:
    return f"{change.name}: {price_of(change.before, change.name)} → {price_of(change.after, change.name)}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            f"“{text[:40]}” is not a day. Write YYYY-MM-DD, such as 2026-12-24."
        ) from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 7):
        raise ArgumentTypeError(f"“{text[:40]}” is no number of prices. Write one such as 200.")
    return int(text)


def _basis_points(text: str) -> int:
    """Return the basis points of a percentage such as 10 or 12.5."""
    if not _PERCENT.fullmatch(text):
        raise ArgumentTypeError(f"“{text[:40]}” is no percentage. Write 0 to 100, such as 10.")
    return int(Decimal(text) * 100)
