"""Stripe at the other end of HTTP; tests move its state as a payer, a bank or Stripe would. It signs webhooks, too."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import stripe

from billing.books.wallet import balances
from billing.models import TopUp
from tests.billing.stripe_objects import StripeObjects, problem
from tests.billing.stripe_server import Json, StripeServer

SECRET = "whsec_for_tests"
HOOK = "/stripe/webhook/"


class StripeDouble(StripeObjects):
    """Answers the requests that Ponder makes, honouring Idempotency-Key; `url` is where."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, tuple[Json, int, Json]] = {}
        self.requests: list[tuple[str, str]] = []
        self.versions: set[str] = set()
        self.down = False
        self.loses_replies = False
        self.delay_s = 0.0
        self.before_reply: Callable[[str], object] = lambda path: None
        self._events = 0
        self._lock = threading.Lock()
        self._server = StripeServer(self.respond)
        self.url = self._server.url

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def respond(self, method: str, path: str, fields: Json, headers: dict[str, str]) -> tuple[int, Json]:
        """Answer one request."""
        self.requests.append((method, path))
        self.versions.add(headers.get("Stripe-Version", ""))
        if self.down:
            return 503, problem("Stripe is down.", "api_error")
        key = headers.get("Idempotency-Key", "") if method == "post" else ""
        with self._lock:
            if key in self.replies:
                then, status, reply = self.replies[key]
                if then != fields:
                    status, reply = (
                        400,
                        problem("Keys for idempotent requests are used once.", "idempotency_error"),
                    )
            else:
                status, reply = self.answer(method, path, fields)
                if key:
                    self.replies[key] = (fields, status, reply)
            sent: Json = json.loads(json.dumps(reply))
        time.sleep(self.delay_s)
        self.before_reply(path)
        return (
            (500, problem("It was done, but nobody heard.", "api_error"))
            if self.loses_replies
            else (status, sent)
        )

    def posts_to(self, path: str) -> int:
        """Return how often something was posted there."""
        return self.requests.count(("post", path))

    def event(self, kind: str, about: Json) -> str:
        """Return the body of a new event about an object."""
        self._events += 1
        about = json.loads(json.dumps(about))
        event = {"id": f"evt_{self._events:04}", "object": "event", "type": kind, "data": {"object": about}}
        self.sent.append(event)
        return json.dumps(event, indent=2)


def signature(body: str, secret: str = SECRET, **when: Any) -> str:
    """Return the Stripe-Signature header of a body."""
    return str(stripe.WebhookSignature.generate_signature_header(body, secret, **when))


def session_event(double: StripeDouble, top_up: TopUp, kind: str = "completed") -> str:
    """Return the body of an event about a top-up's session."""
    return double.event(f"checkout.session.{kind}", double.sessions[top_up.checkout_session])


def charge_event(double: StripeDouble, intent: str, kind: str = "charge.refunded") -> str:
    """Return the body of an event about the charge of a payment."""
    return double.event(kind, {"id": f"ch_{intent}", "object": "charge", "payment_intent": intent})


def wallet_of(top_up: TopUp) -> int:
    """Return what lies in the wallet of whoever topped up, in nano-USD."""
    return balances(top_up.workspace).wallet_nano
