"""The new-job form: it keeps what was typed, and says beside each field what to do."""

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.access import workspace_named, workspace_of
from accounts.models import User, Workspace
from files.models import Attachment
from files.store import files_named
from jobs.core.code_checks import runs_programs
from jobs.core.ids import ids_in
from jobs.core.options import ANSWER_TIMES, LEAST_TARGET, WAITS, JobOptions
from jobs.core.tags import tags_in
from jobs.lifecycle import JobRequest, SubmitError
from jobs.lifecycle.submission.problem_text import checked_problem
from jobs.lifecycle.submission.titles import typed_title
from jobs.models import Job
from jobs.views.access import job_named
from solver.checkers import REGISTRY, CheckerError, parse_checker, recognise_checker
from solver.core.money import NANO_PER_USD, MoneyError, parse_usd
from solver.core.problem.result_kind import ResultKind
from solver.strategies import DEFAULT, RUNS_PROGRAMS, USES_TOOLS, current_name, described, names_for

MOST_VALUE_NANO = 1_000_000 * NANO_PER_USD
PRESETS = ("0.05", "0.25", "1", "5", "20")
CUSTOM = "custom"
NO_CHECK = "none"
"""The choice to check nothing; an empty choice checks what the problem itself says."""
RESULTS = [("", "Automatic"), *((each.value, each.label) for each in ResultKind)]


class StrategyCard(NamedTuple):
    """A strategy as it is offered: what it does, and what it is good for."""

    name: str
    title: str
    does: str
    suits: str


STRATEGIES = [
    StrategyCard(name, name.capitalize(), *words)
    for name, words in described().items()
    if name in names_for(ResultKind.ANSWER)
]
"""What a person can choose; a text is written in drafts whatever is chosen."""
MAY_WAIT = [
    ("", "Within minutes"),
    *((str(s), f"{words.capitalize()}, for less") for s, words in WAITS.items()),
]
ANSWER_WITHIN = [
    ("", "Default"),
    *((str(s), words.capitalize()) for s, words in ANSWER_TIMES.items()),
]
TARGETS = [("", "Default (95 %)"), ("0.8", "80 %"), ("0.9", "90 %"), ("0.99", "99 %")]


def offered_strategies(*, with_tools: bool = True, chosen: str = "") -> list[StrategyCard]:
    """Return the strategies to choose from: without what is worth nothing here, but with what was `chosen` before.

    That is what runs programs where none can be run, and `agent` where models use no tools.
    """
    useless = (frozenset() if runs_programs() else RUNS_PROGRAMS) | (
        frozenset() if with_tools else USES_TOOLS
    )
    return [card for card in STRATEGIES if card.name not in useless or card.name == chosen]


class RawTextField(forms.CharField):
    """Text as it was typed: nothing is stripped, and each error has its own message."""

    default_validators: list[Any] = []

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, required=False, **options)
        self.validators = []

    def clean(self, value: Any) -> str:
        """Return the text with its line ends unified."""
        return str(super().clean(value)).replace("\r\n", "\n")


class TickedNames(forms.Widget):
    """Boxes of one name. What was ticked is one text, so that a draft keeps it as it keeps any other field."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        """Return the ticked values, separated by spaces."""
        del files
        return " ".join(data.getlist(name)) if isinstance(data, QueryDict) else str(data.get(name, ""))


class BudgetForm(forms.Form):
    """A budget, from a chip or from the field beside them."""

    budget = forms.CharField(required=False, max_length=60)
    budget_custom = forms.CharField(required=False, max_length=60)

    def clean_budget(self) -> int:
        """Return the budget in nano-USD."""
        try:
            return parse_usd(self.typed_budget(), maximum_nano=settings.PONDER_MAX_BUDGET_NANO)
        except MoneyError as error:
            raise ValidationError(str(error), code="budget") from error

    def typed_budget(self) -> str:
        """Return the amount as it was chosen or typed."""
        chosen = str(self.data.get("budget", ""))
        return str(self.data.get("budget_custom", "")) if chosen == CUSTOM else chosen

    def add_submit_error(self, error: SubmitError) -> None:
        """Show a refusal of the service beside its field, if it has one."""
        field = error.field if error.field in self.fields else None
        self.add_error(field, ValidationError(error.message, code=error.code))


class RaiseForm(BudgetForm):
    """The new budget of a job."""


class HintForm(forms.Form):
    """What a person adds to a job that goes on; `earlier` says whether what was tried before keeps its weight."""

    text = RawTextField()
    earlier = forms.ChoiceField(choices=[("keep", "keep"), ("drop", "drop")], initial="keep")

    def add_submit_error(self, error: SubmitError) -> None:
        """Show why the hint was not taken."""
        self.add_error(error.field or None, error.message)


class NameForm(forms.Form):
    """What a person calls a job, and how they sort it."""

    title = forms.CharField(required=False, max_length=1_000)
    tags = forms.CharField(required=False, max_length=400)

    def clean_title(self) -> str:
        """Return the title on one line; empty for that of the problem."""
        try:
            return typed_title(self.cleaned_data["title"])
        except SubmitError as error:
            raise ValidationError(error.message, code=error.code) from error

    def clean_tags(self) -> tuple[str, ...]:
        """Return the tags."""
        return _tags(self.cleaned_data["tags"])


def _tags(typed: str) -> tuple[str, ...]:
    try:
        return tags_in(typed)
    except SubmitError as error:
        raise ValidationError(error.message, code=error.code) from error


class NewJobForm(BudgetForm):
    """A problem, a budget, and how an answer can be checked."""

    problem = RawTextField()
    budget = forms.CharField(required=False, max_length=60, initial="0.25")
    result = forms.CharField(required=False, max_length=20)
    may_wait = forms.CharField(required=False, max_length=20)
    asks_first = forms.CharField(required=False, max_length=20)
    ask_above = forms.CharField(required=False, max_length=60)
    answer_within = forms.CharField(
        required=False,
        max_length=20,
        widget=forms.Select(choices=ANSWER_WITHIN, attrs={"aria-describedby": "answer-within-hint"}),
    )
    checker = forms.CharField(required=False, max_length=30)
    strategy = forms.CharField(required=False, max_length=30, initial=DEFAULT)
    confidence_target = forms.CharField(required=False, max_length=20, widget=forms.Select(choices=TARGETS))
    models = forms.CharField(required=False, max_length=2000, widget=TickedNames)
    value = forms.CharField(required=False, max_length=60)
    example = RawTextField()
    follows = forms.CharField(required=False, max_length=40)
    attached = forms.CharField(required=False, max_length=4_000, widget=TickedNames)
    upload = forms.CharField(required=False, max_length=4_000, widget=TickedNames)
    tags = forms.CharField(required=False, max_length=400)
    not_before = forms.CharField(required=False, max_length=40)
    deadline = forms.CharField(required=False, max_length=40)
    time_zone = forms.CharField(required=False, max_length=60)
    workspace = forms.CharField(required=False, max_length=40)

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        if own := _own_target(str(self["confidence_target"].value() or "")):
            self["confidence_target"].field.widget.choices = [*TARGETS, own]

    def clean_problem(self) -> str:
        """Refuse a problem that cannot be sent to a model."""
        try:
            return checked_problem(self.cleaned_data["problem"])
        except SubmitError as error:
            raise ValidationError(error.message, code=error.code) from error

    def clean_result(self) -> ResultKind | None:
        """Return what should come back. None: what the problem's words ask for."""
        name: str = self.cleaned_data["result"]
        if name and name not in set(ResultKind):
            known = ", ".join(each.label for each in ResultKind)
            raise ValidationError(f"“{name}” cannot come back. Choose one of {known}.", code="result")
        return ResultKind(name) if name else None

    def clean_may_wait(self) -> int | None:
        """Return for how many seconds the job may take, so that its calls cost less. None: they do not wait."""
        typed: str = self.cleaned_data["may_wait"]
        if not typed:
            return None
        if typed.isascii() and typed.isdecimal() and int(typed) in WAITS:
            return int(typed)
        known = ", ".join(f"“{words}”" for _, words in MAY_WAIT)
        raise ValidationError(f"A job cannot wait for “{typed}”. Choose one of {known}.", code="may_wait")

    def clean_ask_above(self) -> int | None:
        """Return above which price of a single step to ask, in nano-USD, or None if none was entered."""
        typed: str = self.cleaned_data["ask_above"].strip()
        try:
            return parse_usd(typed, name="The price", maximum_nano=MOST_VALUE_NANO) if typed else None
        except MoneyError as error:
            raise ValidationError(str(error), code="ask_above") from error

    def clean_answer_within(self) -> int | None:
        """Return for how many seconds the job waits for an answer. None: as long as the site says."""
        typed: str = self.cleaned_data["answer_within"]
        if typed and typed not in dict(ANSWER_WITHIN):
            known = ", ".join(f"“{words}”" for _, words in ANSWER_WITHIN)
            raise ValidationError(
                f"A job cannot wait for “{typed}”. Choose one of {known}.", code="answer_within"
            )
        return int(typed) if typed else None

    def clean_strategy(self) -> str:
        """Accept a known strategy."""
        name = current_name(self.cleaned_data["strategy"] or DEFAULT)
        names = [card.name for card in STRATEGIES]
        if name not in names:
            known = ", ".join(names)
            raise ValidationError(f"“{name}” is not a strategy. Choose one of {known}.", code="strategy")
        return name

    def clean_confidence_target(self) -> float | None:
        """Return the confidence at which to stop. None: the strategy's own."""
        typed: str = self.cleaned_data["confidence_target"]
        try:
            target = float(typed) if typed else None
            JobOptions(confidence_target=target).check()
        except SubmitError as error:
            raise ValidationError(error.message, code=error.code) from error
        except ValueError as error:
            expected = f"enter a probability from {LEAST_TARGET} to 0.999"
            raise ValidationError(
                f"“{typed}” is not a number: {expected}.", code="confidence_target"
            ) from error
        return target

    def clean_tags(self) -> tuple[str, ...]:
        """Return the tags."""
        return _tags(self.cleaned_data["tags"])

    def clean_value(self) -> int | None:
        """Return the value of a correct answer in nano-USD, or None if none was entered."""
        typed: str = self.cleaned_data["value"].strip()
        try:
            return parse_usd(typed, name="The value", maximum_nano=MOST_VALUE_NANO) if typed else None
        except MoneyError as error:
            raise ValidationError(str(error), code="value") from error

    def clean(self) -> dict[str, Any]:
        """Read the checker from its fields, or from the problem."""
        data = super().clean() or self.cleaned_data
        kind = data.get("checker", "")
        data["parsed_checker"] = None
        for name in ("not_before", "deadline"):
            data[f"{name}_at"] = self._moment(name)
        if kind not in {"", NO_CHECK, *REGISTRY}:
            self.add_error(
                "checker", f"“{kind}” is not a way to check an answer. Choose one of those offered."
            )
        elif "problem" in data:
            problem = data["problem"]
            try:
                data["parsed_checker"] = (
                    parse_checker(kind, problem=problem, fields=data)
                    if kind
                    else recognise_checker(problem, data.get("result"))
                )
            except CheckerError as error:
                self.add_error("checker", str(error))
        return data

    def _moment(self, name: str) -> datetime | None:
        """Return a date and time entered in the person's time zone (the site's if the browser sent none)."""
        typed = self.cleaned_data.get(name, "").strip()
        if not typed:
            return None
        try:
            zone = ZoneInfo(self.cleaned_data.get("time_zone", "") or settings.TIME_ZONE)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone = ZoneInfo(settings.TIME_ZONE)
        try:
            moment = datetime.fromisoformat(typed)
            instant = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.add_error(name, f"“{typed}” is not a date and time. Enter it like 2031-05-17T14:30.")
            return None
        if not moment.tzinfo and instant.astimezone(zone).replace(tzinfo=None) != moment:
            self.add_error(
                name,
                f"{moment:%H:%M} does not exist on {moment:%Y-%m-%d} in {zone.key}: the clocks go forward. Enter another "
                "time.",
            )
            return None
        return instant

    def chosen_options(self) -> JobOptions:
        """Return the options of the form that are valid."""
        data = self.cleaned_data
        return JobOptions(
            models=tuple(names_in(data.get("models", ""))),
            confidence_target=data.get("confidence_target"),
            value_nano=data.get("value"),
            example=data.get("example", "").strip() or None,
            result=data.get("result"),
            may_wait_s=data.get("may_wait"),
            asks_first=bool(data.get("asks_first")),
            ask_above_nano=data.get("ask_above"),
            answer_within_s=data.get("answer_within"),
        )

    def job_request(self, user: User) -> JobRequest:
        """Return what a valid form asks for."""
        data = self.cleaned_data
        if data["workspace"] and workspace_named(user, data["workspace"]) is None:
            raise SubmitError(
                "You are no longer in the workspace that this form was opened for. Choose another one, and press Start "
                "again.",
                code="role",
            )
        return JobRequest(
            user=user,
            workspace=self.workspace_for(user),
            problem=data["problem"],
            budget_nano=data["budget"],
            checker=data["parsed_checker"],
            strategy=data["strategy"],
            options=self.chosen_options(),
            not_before_at=data["not_before_at"],
            deadline_at=data["deadline_at"],
            follows=self.followed(user),
            files=tuple(self.attached_files(user)),
            tags=data["tags"],
        )

    def workspace_for(self, user: User) -> Workspace:
        """Return the workspace that the form was opened for, or else the one that the user has chosen now."""
        return workspace_named(user, str(self["workspace"].value() or "")) or workspace_of(user)

    def clean_upload(self) -> str:
        """Refuse files that were chosen and not attached: without a script they need the button."""
        if self.cleaned_data["upload"].strip():
            raise ValidationError(
                "The files that you chose were not attached yet. Choose them again and press “Attach”.",
                code="upload",
            )
        return ""

    def attached_files(self, user: User) -> list[Attachment]:
        """Return the files that are ticked. Raises SubmitError where one is not there, or not the workspace's."""
        named = set(ids_in(names_in(self.cleaned_data.get("attached", ""))))
        found = files_named(named, user=user, workspace=self.workspace_for(user))
        if len(found) < len(named):
            raise SubmitError(
                "One of the files is not there any more: what no job has is kept for two days. Attach it again.",
                field="attached",
                code="files",
            )
        return found

    def followed(self, user: User) -> Job | None:
        """Return the job that this one follows up on. Raises SubmitError where it is not there, or not the user's."""
        named = self.cleaned_data.get("follows", "")
        if not named:
            return None
        found = job_named(user, named)
        if found is None:
            raise SubmitError(
                "The job that this one follows up on is not there any more. Untick it, and say in the problem what is "
                "needed.",
                field="follows",
                code="nothing_to_follow",
            )
        return found


def typed_fields(data: QueryDict) -> dict[str, str]:
    """Return what stands in the new-job form, one text for each field."""
    return {name: " ".join(data.getlist(name)) for name in NewJobForm.base_fields}


def names_in(typed: str) -> list[str]:
    """Return the names of models in a text that separates them by spaces or commas."""
    return [name for name in re.split(r"[\s,]+", typed) if name]


# Each checker declares its fields; the form has those of all, and shows those of the chosen one.
NewJobForm.base_fields |= {
    field.name: forms.CharField(required=False, max_length=field.max_chars)
    for checker in REGISTRY.values()
    for field in checker.form_fields
}


def _own_target(typed: str) -> tuple[str, str] | None:
    """Return the choice of a confidence that the form does not offer, such as that of an earlier job."""
    try:
        return None if typed in dict(TARGETS) else (typed, f"{100 * float(typed):g} %")
    except ValueError:
        return None
