"""The names of billing's Celery tasks: who wakes a worker, routes or schedules a task need not import it."""

PROCESS_STRIPE_EVENT = "billing.tasks.process_stripe_event"
ASK_ABOUT_PENDING_TOP_UPS = "billing.tasks.ask_about_pending_top_ups"
CHECK_PRICES = "billing.tasks.check_prices"
GIVE_SECOND_OPINIONS = "billing.tasks.give_second_opinions"
IMPORT_PRICES = "billing.tasks.import_prices"
SUM_CALLS = "billing.tasks.sum_calls"
PROCESS_STRIPE_INBOX = "billing.tasks.process_stripe_inbox"
