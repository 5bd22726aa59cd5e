"""Stripe in this process: sessions, payments, disputes; honours Idempotency-Key; signs webhooks as Stripe does."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import stripe

from billing.books.wallet import balances
from billing.models import TopUp

SECRET = "whsec_for_tests"
HOOK = "/stripe/webhook/"
Json = dict[str, Any]


class StripeDouble(stripe.HTTPClient):
    """Answers the requests that Ponder makes; tests move the state as a payer, a bank or Stripe would."""

    name = "double"

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.disputes: list[Json] = []
        self.replies: dict[str, Json] = {}
        self.requests: list[tuple[str, str]] = []
        self.down = False
        self.delay_s = 0.0
        self.before_reply: Callable[[str], object] = lambda path: None
        self._events = 0
        self._lock = threading.Lock()

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        """Answer one request."""
        path = urlsplit(url).path
        self.requests.append((method, path))
        if self.down:
            raise stripe.APIConnectionError("no route to Stripe")  # type: ignore[no-untyped-call]
        key = (headers or {}).get("Idempotency-Key", "")
        with self._lock:
            if method == "post" and key in self.replies:
                return json.dumps(self.replies[key]), 200, {}
            body, status = self._answer(method, path, parse_qs(post_data or urlsplit(url).query))
            if method == "post":
                self.replies[key] = body
            reply = json.dumps(body)
        time.sleep(self.delay_s)
        self.before_reply(path)
        return reply, status, {}

    def close(self) -> None:
        """Nothing to close."""

    def _answer(self, method: str, path: str, fields: dict[str, list[str]]) -> tuple[Json, int]:
        if method == "post" and path == "/v1/checkout/sessions":
            return self._new_session({name: values[0] for name, values in fields.items()}), 200
        kind, _, found = path.removeprefix("/v1/").rpartition("/")
        if found == "sessions":
            wanted = fields["payment_intent"][0]
            paid = [each for each in self.sessions.values() if each["payment_intent"] == wanted]
            return {"object": "list", "data": paid, "has_more": False, "url": path}, 200
        if kind == "checkout/sessions" and found in self.sessions:
            return self.sessions[found], 200
        if kind == "payment_intents" and found in self.intents:
            return self.intents[found], 200
        if found == "disputes":
            wanted = fields["payment_intent"][0]
            mine = [dispute for dispute in self.disputes if dispute["payment_intent"] == wanted]
            return {"object": "list", "data": mine, "has_more": False, "url": path}, 200
        return {"error": {"message": f"No such object: {path}", "type": "invalid_request_error"}}, 404

    def _new_session(self, fields: dict[str, str]) -> Json:
        number = len(self.sessions) + 1
        session: Json = {
            "id": f"cs_{number:04}",
            "object": "checkout.session",
            "url": f"https://checkout.stripe.com/c/pay/cs_{number:04}",
            "client_reference_id": fields["client_reference_id"],
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": int(fields["line_items[0][price_data][unit_amount]"]),
            "currency": fields["line_items[0][price_data][currency]"],
            "payment_intent": None,
            "success_url": fields["success_url"],
            "cancel_url": fields["cancel_url"],
            "metadata": {
                name.removeprefix("metadata[").removesuffix("]"): value
                for name, value in fields.items()
                if name.startswith("metadata[")
            },
        }
        self.sessions[session["id"]] = session
        return session

    # What people, banks and Stripe do.

    def pay(self, session_id: str, *, status: str = "paid") -> str:
        """Complete a session; `unpaid` means that a slow payment is on its way."""
        session = self.sessions[session_id]
        intent: str = session["payment_intent"] or f"pi_{session_id.removeprefix('cs_')}"
        session |= {"status": "complete", "payment_status": status, "payment_intent": intent}
        charge = {"id": f"ch_{intent}", "object": "charge", "amount_refunded": 0, "disputed": False}
        charge |= {"amount": session["amount_total"], "currency": session["currency"]}
        self.intents[intent] = {
            "id": intent,
            "object": "payment_intent",
            "status": "succeeded" if status == "paid" else "processing",
            "metadata": {"top_up": session["client_reference_id"]},
            "latest_charge": charge if status == "paid" else None,
        }
        return intent

    def refund(self, intent: str, cents: int) -> None:
        """Give so many cents back, in all."""
        self.intents[intent]["latest_charge"]["amount_refunded"] = cents

    def dispute(self, intent: str, cents: int, status: str = "needs_response", currency: str = "usd") -> None:
        """Open a dispute, or move it on."""
        self.intents[intent]["latest_charge"]["disputed"] = True
        self.disputes = [dispute for dispute in self.disputes if dispute["payment_intent"] != intent]
        self.disputes.append(
            {
                "id": "dp_1",
                "object": "dispute",
                "amount": cents,
                "currency": currency,
                "status": status,
                "payment_intent": intent,
            }
        )

    def event(self, kind: str, about: Json) -> str:
        """Return the body of a new event about an object."""
        self._events += 1
        return json.dumps(
            {"id": f"evt_{self._events:04}", "object": "event", "type": kind, "data": {"object": about}},
            indent=2,
        )


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
