"""`manage.py verdict JOB right`: says of an ended job whether its answer was right; without a word, what was said."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.core.states import UserVerdict
from jobs.lifecycle.user_verdict import give_verdict
from jobs.models import Job

_NOTHING = "none"


class Command(BaseCommand):
    """Say, change, take back or show what a person says of a job's answer."""

    help = "Say whether the answer of an ended job was right; models and quotes learn from it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("job", type=UUID, help="the job's id, as in the address of its page")
        parser.add_argument(
            "verdict",
            nargs="?",
            choices=[*UserVerdict.values, _NOTHING],
            help=f"{', '.join(UserVerdict.values)}, or {_NOTHING} to take it back; without it, shows what was said",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Say it, or show it."""
        said = options["verdict"]
        job = Job.objects.filter(pk=options["job"]).first()
        if job is None:
            raise CommandError(f"There is no job {options['job']}. Copy the id from the address of its page.")
        if said and not give_verdict(job_id=job.pk, verdict=None if said == _NOTHING else UserVerdict(said)):
            raise CommandError(
                f"Job {job.pk} has no answer to judge: it has not ended, found none, or its texts were deleted."
            )
        job.refresh_from_db(fields=["user_verdict"])
        self.stdout.write(job.get_user_verdict_display() or "Nothing was said of this job's answer.")
