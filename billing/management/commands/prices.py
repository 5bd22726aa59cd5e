"""`manage.py prices`: the price book; `--check` compares it with its sources, `--load` adds what is missing."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.models import Price
from billing.prices.book import load_prices, price_book, unloaded_models
from billing.templatetags.money import usd_per_million


class Command(BaseCommand):
    """Lists what each model costs, in dollars per million tokens."""

    help = "List the price book, in US dollars per million tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--check", action="store_true", help="fail if the price book lacks a price it should have"
        )
        parser.add_argument(
            "--load", action="store_true", help="add new prices from the list and from PONDER_PRICES"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """List, check or load."""
        del args
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
        self._list(price_book())

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
