"""Stripe's webhook: verify the raw body, keep the event, answer; a task does the rest."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.errors import StripeProblem
from billing.payments import inbox as stripe_inbox
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.payments.stripe_api.events import verify_event
from billing.task_queue.wake import wake_worker_for_stripe_event


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Keep a signed event once and answer 200; 400 with the reason for anything unsigned or broken."""
    if "STRIPE_WEBHOOK_SECRET" in stripe_gateway.missing_settings():
        return _text("STRIPE_WEBHOOK_SECRET is not set, so events can't be verified.", status=503)
    try:
        event = verify_event(request.body, request.headers.get("Stripe-Signature", ""))
    except StripeProblem as problem:
        return _text(problem.message, status=400)
    if stripe_inbox.receive(event):
        wake_worker_for_stripe_event(event.id)
    return _text("ok")


def _text(message: str, *, status: int = 200) -> HttpResponse:
    return HttpResponse(message + "\n", status=status, content_type="text/plain; charset=utf-8")
