"""The picture of a job's search, read from its journal."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import BooleanField, Case, ExpressionWrapper, F, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Left, Right

from jobs.models import Job, StepRecord, StepState
from jobs.presenters.search.caption import caption_of
from jobs.presenters.search.layout import draw
from jobs.presenters.search.marks import ROLES, Mark, Role, State
from jobs.presenters.search.picture import Node, Picture
from jobs.presenters.search.table import TableRow, rows_of
from solver.core.problem.result_kind import ResultKind
from solver.core.steps import Status, StepKind
from solver.text.prompting.prompts import read_better, read_grade

_ANSWER_CHARS = 80
_JUDGED = [StepKind.GRADE, StepKind.COMPARE]
_LAST_WORDS_CHARS = 160
_COLUMNS = (
    "id", "key", "kind", "parents", "purpose", "state", "status", "answer_key", "charged_nano", "subproblem",
    "said", "passed", "last_words", "is_shown_text", "is_shown_answer",
)  # fmt: skip
_PASSED = {"true": True, "false": False}


class Search(NamedTuple):
    """The picture of a job's search, what it shows in a sentence, and the steps that it is drawn from."""

    picture: Picture
    caption: str
    marks: list[Mark]

    @property
    def rows(self) -> Iterator[TableRow]:
        """The picture as a table."""
        return rows_of(self.picture, self.marks)

    @property
    def looks(self) -> set[str]:
        """The kinds and verdicts of nodes that the legend explains, and `way` where one is marked."""
        nodes = self.picture.nodes
        ways = {"way" for node in nodes if node.is_on_way}
        return {node.role.value for node in nodes} | {node.tone.style for node in nodes} | ways

    def named(self, name: str) -> Node | None:
        """Return the node of that name."""
        return next((node for node in self.picture.nodes if node.name == name), None)


def search_of(job: Job) -> Search | None:
    """Return the picture of what the job did so far; None where there is nothing to draw, or its texts are deleted."""
    if job.texts_deleted_at:
        return None
    marks, shown = marks_of(job)
    picture = draw(marks, shown)
    return Search(picture, caption_of(marks, shown), marks) if picture else None


def marks_of(job: Job) -> tuple[list[Mark], str | None]:
    """Return the steps of a job in the order of telling, those that run last, and the key of the shown answer's."""
    marks: list[Mark] = []
    shown_text: str | None = None
    shown_answer: str | None = None
    result = job.result_kind
    behaviour = _behaviours(job) if result is ResultKind.CODE else {}
    for row in _rows(job):
        marks.append(_mark(row, result, behaviour.get(row[7], row[7])))
        if row[13]:
            shown_text = row[1]
        if row[14] and shown_answer is None:
            shown_answer = row[1]
    return marks, shown_text or shown_answer


def _rows(job: Job) -> QuerySet[StepRecord, tuple[Any, ...]]:
    best = job.best if isinstance(job.best, dict) and not job.has_ended else {}
    answer, text = str(best.get("answer") or ""), str(best.get("text") or "")
    if not (answer or text):
        answer, text = job.answer, job.answer_text
    proposes = Q(status=Status.OK, subproblem=False, kind__in=[kind for kind in StepKind if kind.answers])
    return (
        StepRecord.objects.filter(job=job, state__in=[StepState.OPEN, StepState.TOLD], kind__in=list(ROLES))
        .annotate(
            said=Left("answer", _ANSWER_CHARS),
            passed=KT("verdict__passed"),
            last_words=Case(
                When(kind__in=_JUDGED, then=Right("text", _LAST_WORDS_CHARS)),
                default=Value(""),
                output_field=TextField(),
            ),
            is_shown_text=_holds(proposes & Q(text=text), bool(text)),
            is_shown_answer=_holds(proposes & Q(answer=answer), bool(answer)),
        )
        .order_by(F("seq").asc(nulls_last=True), "created_at", "pk")
        .values_list(*_COLUMNS)
    )


def _holds(condition: Q, is_asked: bool) -> ExpressionWrapper[Any] | Value:  # noqa: FBT001 - one use
    return ExpressionWrapper(condition, BooleanField()) if is_asked else Value(value=False)


def _mark(row: tuple[Any, ...], result: ResultKind, group: str) -> Mark:
    """Return the mark of a row of `_COLUMNS`."""
    step_id, key, kind, parents, purpose, state, status, _, charged_nano, is_part, said, passed, words, *_ = (
        row
    )
    judged = _PASSED.get(passed)
    better = None
    if kind == StepKind.GRADE and (grade := read_grade(words)):
        judged = grade.passed
    elif kind == StepKind.COMPARE:
        better = read_better(words)
    return Mark(
        id=step_id,
        key=key,
        role=Role.DRAFT if result is ResultKind.TEXT and kind == StepKind.SAMPLE else ROLES[kind],
        parents=tuple(parents),
        name=purpose,
        state=State.OPEN
        if state == StepState.OPEN
        else State.FAILED
        if status == Status.FAILED
        else State.OK,
        group=group,
        answer=said if result.is_short else "",
        passed=judged,
        better=better,
        charged_nano=charged_nano,
        is_part=is_part,
    )


def _behaviours(job: Job) -> dict[str, str]:
    """Return a name of what each program does that was run, by its key: programs that behave alike are one answer."""
    told = StepRecord.objects.filter(job=job, state=StepState.TOLD, status=Status.OK)
    seen = dict(_seen(told))
    programs = told.filter(key__in=seen).values_list("key", "answer_key")
    return {answer_key: seen[key] for key, answer_key in programs}


def _seen(told: QuerySet[StepRecord]) -> Iterator[tuple[str, str]]:
    for parents, note in told.filter(kind=StepKind.RUN).order_by("seq").values_list("parents", "note"):
        for parent, did in zip(parents, (note or {}).get("seen", ()), strict=False):
            yield parent, repr((did["outputs"], did["examples"]))
