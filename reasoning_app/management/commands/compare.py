"""`manage.py compare "…" --budget 0.05`: many cheap attempts and a few expensive ones at the same problem."""

import json
from typing import Any

from jobs.core.options import JobOptions
from jobs.lifecycle import JobRequest
from jobs.management.terminal import compare, summary
from jobs.models.comparison import SIDE_TITLES
from reasoning_app.management.commands.solve import Command as Solve
from solver.core.money import format_usd_exact


class Command(Solve):
    """Runs two jobs at the same budget, each with its own receipt."""

    help = "Solve one problem twice, with the cheapest and with the strongest model, at the same budget each."

    def solve_ready(self, request: JobRequest) -> Any:
        """Solve the problem with both models."""
        return compare(request, self._say)

    def show(self, made: Any, wall_s: float, *, as_json: bool) -> None:
        """Print both answers, that of the cheap model first."""
        sides = made.sides()
        if as_json:
            shown = {
                name: {"models": list(_models(job)), **summary(job, _took_s(job))}
                for name, job in sides.items()
            }
            self.stdout.write(json.dumps({**shown, "wall_s": round(wall_s, 3)}, ensure_ascii=False))
            return
        for name, job in sides.items():
            answer = job.answer or job.answer_text or "no answer"
            if job.is_guess:
                answer = f"no reliable answer; the best guess is {answer}"
            confidence = "" if job.confidence is None else f", {job.confidence:.0%} confident"
            self.stdout.write(
                f"{SIDE_TITLES[name]} ({', '.join(_models(job))}): {answer}{confidence}, "
                f"{format_usd_exact(job.charged_nano)} for {job.calls} calls. {job.explanation or job.error}"
            )


def _models(job: Any) -> tuple[str, ...]:
    return JobOptions.from_json(job.options).models


def _took_s(job: Any) -> float:
    return float((job.finished_at - job.started_at).total_seconds()) if job.started_at else 0.0
