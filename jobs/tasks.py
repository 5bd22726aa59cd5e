"""Celery's side of the jobs room: names, no more. The worker host is made on the first job."""

from celery import shared_task
from django.core.management import call_command

from jobs.core import task_names
from jobs.learning import drift
from jobs.learning.learn import learn_due
from jobs.lifecycle.saved.weekly import run_due
from jobs.lifecycle.submission.funding import expire_unpaid, start_paid_jobs
from jobs.mail import eml_backend as mail_files
from jobs.mail import send as outbox
from jobs.upkeep import audit_runs, retention, unused_files
from jobs.upkeep.low_balance import tell_of_low_balances
from jobs.upkeep.sweep import sweep as sweep_jobs_and_mail
from jobs.worker.process import next_job, program_host


@shared_task(name=task_names.RUN_JOB)
def run_job(job_id: str) -> None:
    """Run the fairest runnable jobs, not necessarily the one named; safe to deliver any number of times."""
    del job_id
    while next_job():
        pass


@shared_task(name=task_names.RUN_PROGRAM)
def run_program(run_id: str) -> None:
    """Run the fairest waiting programs, not necessarily the one named; safe to deliver any number of times."""
    del run_id
    program_host().run_waiting()


@shared_task(name=task_names.SWEEP)
def sweep() -> None:
    """Wake workers for jobs that nobody runs, look after those that wait for money, and tell where little is left."""
    tell_of_low_balances()
    start_paid_jobs()
    expire_unpaid()
    sweep_jobs_and_mail()


@shared_task(name=task_names.RUN_WEEKLY)
def run_weekly() -> None:
    """Submit the weekly runs that are due; safe to deliver any number of times."""
    run_due()


@shared_task(name=task_names.SEND_MAIL)
def send_mail() -> None:
    """Send what the outbox holds."""
    outbox.send_due()


@shared_task(name=task_names.DELETE_ACCOUNT_FILES)
def delete_account_files() -> None:
    """Delete expired sign-in codes and links that are kept in files."""
    mail_files.delete_old_account_files()


@shared_task(name=task_names.RUN_AUDIT)
def run_audit() -> None:
    """Audit money and jobs, and keep what was found."""
    audit_runs.run_audit()


@shared_task(name=task_names.DELETE_OLD_TEXTS)
def delete_old_texts() -> None:
    """Delete the texts of ended jobs that are kept no longer."""
    retention.delete_old_texts()


@shared_task(name=task_names.LEARN)
def learn() -> None:
    """Learn from the jobs that have ended."""
    learn_due()


@shared_task(name=task_names.WATCH_DRIFT)
def watch_drift() -> None:
    """Compare recent outcomes with what was learned."""
    drift.watch()


@shared_task(name=task_names.DELETE_UNUSED_FILES)
def delete_unused_files() -> None:
    """Delete attached files that no job and no draft has any more."""
    unused_files.delete_unused_files()


@shared_task(name=task_names.CLEAR_SESSIONS)
def clear_sessions() -> None:
    """Delete expired sessions."""
    call_command("clearsessions")
