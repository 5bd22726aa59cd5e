"""`manage.py answer JOB "…"`: answers the question that a job waits for; without an answer, shows the question."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services import ready_user
from jobs.core.errors import SubmitError
from jobs.lifecycle.questions import answer_question
from jobs.management.terminal import how_to_answer
from jobs.models import Job


class Command(BaseCommand):
    """Answer, or show, the question of a job."""

    help = "Answer the question that a job waits for."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("job", type=UUID, help="the job's id, as in the address of its page")
        parser.add_argument(
            "answer", nargs="?", default="", help="the answer; to a question about a price: yes, all or no"
        )
        parser.add_argument("--without", action="store_true", help="let the job go on without an answer")

    def handle(self, *_: Any, **options: Any) -> None:
        """Give the answer, or show what is asked."""
        job = Job.objects.filter(pk=options["job"]).first()
        if job is None:
            raise CommandError(f"There is no job {options['job']}. Copy the id from the address of its page.")
        question, answer = how_to_answer(job), options["answer"].strip()
        if not question:
            raise CommandError(f"Job {job.pk} has no open question: it is {job.get_state_display().lower()}.")
        if not answer and not options["without"]:
            self.stdout.write(question)
            return
        if answer and options["without"]:
            raise CommandError("Give either an answer or --without.")
        try:
            taken = answer_question(job=job, number=len(job.questions), answer=answer, by=ready_user())
        except SubmitError as error:
            raise CommandError(error.message) from error
        self.stdout.write("The job goes on." if taken else "The question was answered in the meantime.")
