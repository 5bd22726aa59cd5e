"""The names of billing's Celery tasks: who wakes a worker, routes or schedules a task need not import it."""

PROCESS_STRIPE_EVENT = "billing.tasks.process_stripe_event"
PROCESS_STRIPE_INBOX = "billing.tasks.process_stripe_inbox"
