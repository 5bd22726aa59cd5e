"""`manage.py models [list|check] [MODEL …]`: the panel, and what each model can do, for a fraction of a cent."""

import json
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from accounts.services import ready_user
from billing.prices.book import load_prices
from jobs.core.errors import SubmitError
from jobs.lifecycle.submission.panel import build_panel, model_names
from jobs.management.model_check import check_model
from reasoning_app.embedded import UpError, ensure

_LIST, _CHECK = "list", "check"


class Command(BaseCommand):
    """Lists the models of the panel, or asks each of them; works whether or not `make run` is up."""

    help = "List the models that jobs may use, or check what each of them can do."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("action", nargs="?", default=_LIST, choices=[_LIST, _CHECK])
        parser.add_argument("models", nargs="*", help="these models, such as openai/gpt-5; without them all")
        parser.add_argument("--json", action="store_true", help="print one JSON object per model")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do what the action says. A check ends with status 1 where a model does not work."""
        try:
            with ensure(settings.DATA_DIR, role="manage.py models"):
                load_prices()
                names = options["models"] or model_names()
                if options["action"] == _LIST:
                    self._list(names)
                    return
                found = [self._check(name, as_json=options["json"]) for name in names]
        except (SubmitError, UpError) as error:
            raise CommandError(str(error), returncode=2) from error
        broken = [each["model"] for each in found if not each["works"]]
        if broken:
            raise CommandError(f"These do not work: {', '.join(broken)}.")

    def _list(self, names: list[str]) -> None:
        for card in build_panel(names):
            self.stdout.write(
                f"{card.name}: {card.context_window:,} tokens of context{_where(card.api_base)}"
            )

    def _check(self, name: str, *, as_json: bool) -> dict[str, Any]:
        found = check_model(name, user=ready_user(), report=lambda _: None)
        if as_json:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return found
        said = (
            "works" if found["works"] else f"does not work: {found['error'] or 'its replies are not counted'}"
        )
        shown = {key: value for key, value in found.items() if key not in {"model", "works", "error"}}
        self.stdout.write(f"{name}: {said}")
        self.stdout.writelines(f"  {key:<10} {_word(value)}\n" for key, value in shown.items())
        return found


def _where(api_base: str) -> str:
    return f", at {api_base}" if api_base else ""


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
