"""`manage.py solve "…" --budget 0.05`: one problem from the terminal; progress on stderr, the answer on stdout."""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.services import ensure_personal_workspace, ready_user
from billing.prices.book import load_prices
from files.models import Attachment
from files.store import read_files, summary_of
from jobs.core.errors import SubmitError
from jobs.core.options import JobOptions
from jobs.lifecycle import JobRequest, quote_job
from jobs.lifecycle.quotes.offer import offers_json
from jobs.lifecycle.quotes.records import quote_json, quote_text
from jobs.lifecycle.submission.follow_up import earlier_of
from jobs.lifecycle.submission.problem_text import checked_problem
from jobs.management.attach import attach, check_readable
from jobs.management.terminal import printed, rubric_lines, solve, summary, unread_notes
from jobs.models import Job
from reasoning_app.embedded import UpError, ensure
from solver.checkers import CheckerError, option_examples, parse_checker_option, recognise_checker
from solver.core.money import MoneyError, format_usd_exact, parse_usd, usd_decimal
from solver.core.problem.result_kind import ResultKind
from solver.strategies import DEFAULT, REGISTRY

EXIT_BAD_INPUT = 2


class Command(BaseCommand):
    """Solve one problem through the same engine and ledger as the page; works whether or not `make run` is up."""

    help = "Solve one problem from the terminal."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("problem", help="the problem as text, or - to read it from standard input")
        parser.add_argument(
            "--budget",
            metavar="USD",
            help="the most it may cost, such as 0.05; without it, a budget is suggested and nothing is started",
        )
        parser.add_argument("--value", metavar="USD", help="the value of a correct answer, such as 2.50")
        parser.add_argument(
            "--check",
            metavar="CHECK",
            help=f"how an answer is checked: {option_examples().replace('%', '%%')}; KIND:@FILE reads the rest from a "
            "file; puzzles of the form “Use 3, 7, 12, 25 to make 58.” are recognised",
        )
        parser.add_argument(
            "--result",
            choices=[each.value for each in ResultKind],
            metavar="KIND",
            help=f"what should come back: {', '.join(ResultKind)}; without it, what the problem's words ask for",
        )
        parser.add_argument(
            "--example",
            metavar="ANSWER",
            help="an answer that the check should pass; it is tried on it first",
        )
        parser.add_argument(
            "--follow-up",
            metavar="JOB",
            type=UUID,
            help="the id of an ended job whose problem and answer go along as context",
        )
        parser.add_argument(
            "--file",
            metavar="PATH",
            type=Path,
            action="append",
            default=[],
            help="a file to attach: text, PDF, Word, PowerPoint, Excel, CSV, HTML or a picture; may be "
            "given several times",
        )
        parser.add_argument(
            "--strategy",
            default=DEFAULT,
            metavar="NAME",
            help=f"one of {', '.join(REGISTRY)}; without it {DEFAULT}",
        )
        parser.add_argument(
            "--models", metavar="NAMES", help="models of the panel to use, separated by commas"
        )
        parser.add_argument(
            "--confidence",
            type=float,
            default=None,
            metavar="P",
            help="stop at this confidence, such as 0.95",
        )
        parser.add_argument(
            "--may-wait",
            type=float,
            default=None,
            metavar="HOURS",
            help="let the job take so long, from 1 to 24, so that its calls cost less where a provider has such a price",
        )
        parser.add_argument(
            "--ask-first",
            action="store_true",
            help="ask one question first if something is unclear; the job waits for the answer",
        )
        parser.add_argument(
            "--ask-above", metavar="USD", help="ask before a single step that may cost more, such as 0.50"
        )
        parser.add_argument(
            "--answer-within",
            type=float,
            default=None,
            metavar="HOURS",
            help="how long the job waits for an answer before it goes on without; else as long as the site says",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of the answer")

    def handle(self, *_: Any, **options: Any) -> None:
        """Check the input, then solve."""
        problem = sys.stdin.read() if options["problem"] == "-" else options["problem"]
        try:
            text = checked_problem(problem)
            budget_nano = _usd(options["budget"], "--budget", settings.PONDER_MAX_BUDGET_NANO)
            named = options["check"]
            chosen = _options(options)
            checker = (
                parse_checker_option(_from_file(named), problem=text)
                if named
                else recognise_checker(text, chosen.result)
            )
            check_readable(options["file"])
            with ensure(settings.DATA_DIR, role="manage.py solve"):
                self._make_ready()
                follows = _followed(options.get("follow_up"))
                files = self._attached(options["file"])
                offer = self._quote(
                    text, budget_nano, checker, options["strategy"], chosen, follows=follows, files=files
                )
                if budget_nano is None:
                    self._only_suggest(offer, as_json=options["json"])
                ended, wall_s = self._solve(
                    text, budget_nano, checker, options["strategy"], chosen, follows=follows, files=files
                )
                self.show(ended, wall_s, as_json=options["json"])
        except (SubmitError, MoneyError, CheckerError, UpError) as error:
            raise CommandError(str(error), returncode=EXIT_BAD_INPUT) from error

    def _make_ready(self) -> None:
        if MigrationExecutor(connection).migration_plan(
            MigrationExecutor(connection).loader.graph.leaf_nodes()
        ):
            call_command("migrate", interactive=False, verbosity=0)
        # PONDER_PRICES may have changed since the tables were made.
        load_prices()

    def _attached(self, paths: list[Path]) -> list[Attachment]:
        user = ready_user()
        files = attach(paths, user=user, workspace=ensure_personal_workspace(user))
        for file in files:
            self._say(" ".join([f"Attached {file.name} ({summary_of(file)}).", *file.notes]))
        return files

    def _quote(
        self,
        problem: str,
        budget_nano: int | None,
        checker: Any,
        strategy: str,
        chosen: JobOptions,
        *,
        follows: Job | None,
        files: list[Attachment],
    ) -> Any:
        offer = quote_job(
            problem=problem,
            budget_nano=budget_nano,
            checker=checker,
            strategy=strategy,
            options=chosen,
            workspace=ensure_personal_workspace(ready_user()),
            earlier=earlier_of(follows) if follows else None,
            files=read_files(files),
        )
        warning = checker.passes_nothing if checker else ""
        self._say(
            " ".join(filter(None, (quote_text(offer.quote), offer.result_words, offer.offered, warning)))
        )
        return offer

    def _only_suggest(self, offer: Any, *, as_json: bool) -> NoReturn:
        """Print what a sensible budget would buy, and start nothing."""
        if as_json:
            said = {
                "quote": quote_json(offer.quote),
                "suggested": True,
                "reason": offer.reason,
                "offers": offers_json(offer),
            }
            self.stdout.write(json.dumps(said))
        raise CommandError(
            f"No --budget was given, so nothing was started. We suggest --budget {usd_decimal(offer.quote.budget_nano)}: "
            f"{offer.reason}",
            returncode=EXIT_BAD_INPUT,
        )

    def _solve(
        self,
        problem: str,
        budget_nano: int,
        checker: Any,
        strategy: str,
        chosen: JobOptions,
        *,
        follows: Job | None,
        files: list[Attachment],
    ) -> tuple[Any, float]:
        began_s, user = time.monotonic(), ready_user()
        request = JobRequest(
            user=user,
            workspace=ensure_personal_workspace(user),
            problem=problem,
            budget_nano=budget_nano,
            checker=checker,
            strategy=strategy,
            options=chosen,
            follows=follows,
            files=tuple(files),
        )
        return self.solve_ready(request), time.monotonic() - began_s

    def solve_ready(self, request: JobRequest) -> Any:
        """Solve with the services up and the tables there; return what ended."""
        return solve(request, self._say)

    def _say(self, text: str) -> None:
        self.stderr.write(text, ending="\n")
        self.stderr.flush()

    def show(self, job: Any, wall_s: float, *, as_json: bool) -> None:
        """Print the receipt to stderr and the answer to stdout."""
        if job.is_guess:
            self._say("No reliable answer. What was found is the best guess.")
        self._say(
            f"{job.explanation or job.stop_reason_words} "
            f"Charged {format_usd_exact(job.charged_nano)} of {format_usd_exact(job.budget_nano)} for {job.calls} calls."
        )
        for note in (*unread_notes(job), *rubric_lines(job)):
            self._say(note)
        if as_json:
            self.stdout.write(json.dumps(summary(job, wall_s), ensure_ascii=False))
        elif job.answer or job.answer_text:
            self.stdout.write(printed(job))
        if job.error:
            raise CommandError(job.error, returncode=1)
        if not job.answer and not job.answer_text:
            raise CommandError("The job ended without an answer.", returncode=1)


def _usd(typed: str | None, name: str, maximum_nano: int | None = None) -> int | None:
    """Return an amount in nano-USD. None: the option was left out; an empty one (an unset variable) is refused."""
    return None if typed is None else parse_usd(typed, name=name, maximum_nano=maximum_nano)


def _options(options: dict[str, Any]) -> JobOptions:
    """Return the chosen options. Raises SubmitError or MoneyError."""
    names = [name.strip() for name in (options["models"] or "").split(",") if name.strip()]
    if options["models"] is not None and not names:
        raise SubmitError(
            "--models names no model. Name some, separated by commas, or leave --models out to use all."
        )
    chosen = JobOptions(
        models=tuple(names),
        confidence_target=options["confidence"],
        value_nano=_usd(options["value"], "--value"),
        example=options["example"],
        result=ResultKind(options["result"]) if options.get("result") else None,
        asks_first=bool(options.get("ask_first")),
        ask_above_nano=_usd(options.get("ask_above"), "--ask-above"),
        answer_within_s=(
            None if options.get("answer_within") is None else _seconds(options["answer_within"])
        ),
        may_wait_s=None if options.get("may_wait") is None else _seconds(options["may_wait"]),
    )
    chosen.check()
    return chosen


def _seconds(hours: float) -> int:
    """Return hours in seconds; what is no number of hours is out of the range that is allowed."""
    return round(hours * 3_600) if math.isfinite(hours) else 0


def _followed(job_id: UUID | None) -> Job | None:
    """Return the job that is followed up on. Raises SubmitError where the operator's workspace has none of that id."""
    if job_id is None:
        return None
    found = Job.objects.filter(pk=job_id, workspace=ensure_personal_workspace(ready_user())).first()
    if found is None:
        raise SubmitError(f"--follow-up: there is no job {job_id}. Copy the id from the address of its page.")
    return found


def _from_file(check: str) -> str:
    """Return what `--check` says, with `unit_tests:@tests.py` replaced by what the file holds. Raises CheckerError."""
    kind, _, rest = check.partition(":")
    if not rest.strip().startswith("@"):
        return check
    path = Path(rest.strip()[1:])
    try:
        return f"{kind}:{path.read_text(encoding='utf-8')}"
    except (OSError, UnicodeDecodeError) as error:
        raise CheckerError(
            f"--check: the file {path} cannot be read. Name a text file that is there."
        ) from error
