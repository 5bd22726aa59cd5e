"""Celery's side of the jobs room: doorbells, no more. The worker host is made on the first one."""

from celery import Task, shared_task
from django.core.management import call_command

from jobs.worker.process import next_job


@shared_task(bind=True, name="jobs.tasks.run_job")
def run_job(self: Task, job_id: str) -> None:
    """Run the fairest runnable jobs, not necessarily the one named; safe to deliver any number of times."""
    del self, job_id
    while next_job():
        pass


@shared_task(name="jobs.tasks.sweep")
def sweep() -> None:
    """Ring for jobs that nobody runs, and look after those that wait for money."""
    from jobs.services.payment import expire_unpaid, start_paid_jobs
    from jobs.services.sweep import sweep as ring_again

    start_paid_jobs()
    expire_unpaid()
    ring_again()


@shared_task(name="jobs.tasks.send_mail")
def send_mail() -> None:
    """Send what the outbox holds."""
    from jobs.services.outbox import send_due

    send_due()


@shared_task(name="jobs.tasks.run_audit")
def run_audit() -> None:
    """Audit money and jobs, and keep what was found."""
    from jobs.services.audit_runs import run_audit as run

    run()


@shared_task(name="jobs.tasks.delete_old_texts")
def delete_old_texts() -> None:
    """Delete the texts of ended jobs that are kept no longer."""
    from jobs.services.retention import delete_old_texts as delete

    delete()


@shared_task(name="jobs.tasks.learn")
def learn() -> None:
    """Learn from the jobs that have ended."""
    from jobs.services.learn import learn_due

    learn_due()


@shared_task(name="jobs.tasks.watch_drift")
def watch_drift() -> None:
    """Compare recent outcomes with what was learned."""
    from jobs.services.drift import watch

    watch()


@shared_task(name="jobs.tasks.clear_sessions")
def clear_sessions() -> None:
    """Delete expired sessions."""
    call_command("clearsessions")
