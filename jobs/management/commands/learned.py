"""`manage.py learned [--json]`: what finished jobs have taught; `--reset [MODEL] [KIND]` forgets it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.learning.counts import forget
from jobs.learning.report import coverage, posteriors, verdicts


class Command(BaseCommand):
    """Show or forget what was learned; it plans jobs and decides nothing about money."""

    help = "Show what was learned from finished jobs, or reset it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("subject", nargs="?", default="", help="a model or a strategy (default: all)")
        parser.add_argument("kind", nargs="?", default="", help="a kind of problem (default: all)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--reset", action="store_true", help="reset it, and start again from the priors")

    def handle(self, *_: Any, **options: Any) -> None:
        """Show, or forget."""
        subject, kind = options["subject"], options["kind"]
        if options["reset"]:
            self.stdout.write(f"Forgotten: {forget(subject, kind)} posteriors.")
            return
        found, covered, judged = posteriors(subject, kind), coverage(), verdicts()
        if options["json"]:
            rows = [
                {"aspect": p.aspect, "subject": p.subject, "kind": p.kind, "workspace": p.row.workspace_id,
                 "taught_by": p.taught_by, "jobs": p.jobs, "stats": p.row.stats, "text": p.text}
                for p in found
            ]  # fmt: skip
            said = judged._asdict() if judged else None
            self.stdout.write(
                json.dumps({"learned": rows, "quotes": covered, "verdicts": said}, ensure_ascii=False)
            )
            return
        if not found:
            self.stdout.write("Nothing has been learned yet.")
        for each in found:
            self.stdout.write(
                f"{each.subject:<28} {each.kind:<10} {each.aspect:<9} {each.jobs:>6}  {each.text} ({each.taught_by})"
            )
        if covered["jobs"]:
            self.stdout.write(f"Quotes of {covered['jobs']} jobs: p90 covered {covered['p90_covers']:.0%}.")
        if judged:
            self.stdout.write(
                f"People judged {judged.jobs} answers: {judged.right_share:.0%} right, at a mean confidence of "
                f"{judged.confidence:.0%}."
            )
