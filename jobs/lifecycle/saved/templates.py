"""Templates: forms of new jobs that a person saved under a name."""

from collections.abc import Mapping

from accounts.models import User, Workspace
from jobs.core.errors import SubmitError
from jobs.lifecycle.submission.titles import title_of
from jobs.models import JobTemplate
from jobs.models.template import MOST_NAME_CHARS
from solver.text.extract import clean_text

MOST_TEMPLATES = 50
_OF_ONE_RUN = ("not_before", "deadline", "follows", "attached", "upload", "workspace")


def save_template(
    *, user: User, workspace: Workspace, fields: Mapping[str, str], name: str = ""
) -> JobTemplate:
    """Keep a form as it was typed, without what concerns one run alone. Raises SubmitError."""
    if not fields.get("problem", "").strip():
        raise SubmitError("Enter a problem, then save it as a template.", field="problem", code="empty")
    if JobTemplate.objects.filter(created_by=user).count() >= MOST_TEMPLATES:
        raise SubmitError(
            f"You have {MOST_TEMPLATES} templates, and more are not kept. Delete one first.",
            code="too_many_templates",
        )
    kept = {field: clean_text(text) for field, text in fields.items() if text and field not in _OF_ONE_RUN}
    return JobTemplate.objects.create(
        workspace=workspace,
        created_by=user,
        name=clean_name(name) or title_of(kept["problem"])[:MOST_NAME_CHARS],
        form=kept,
    )


def rename_template(template: JobTemplate, name: str) -> None:
    """Give a template another name. Raises SubmitError."""
    cleaned = clean_name(name)
    if not cleaned:
        raise SubmitError("Enter a name.", field="name", code="empty")
    JobTemplate.objects.filter(pk=template.pk).update(name=cleaned)


def clean_name(name: str) -> str:
    """Return a name on one line, as long as is kept."""
    return " ".join(clean_text(name).split())[:MOST_NAME_CHARS]
