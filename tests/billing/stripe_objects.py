"""What Stripe keeps for a site: sessions, payments, cards, refunds, disputes, balance; and what people and banks do."""

import copy
import time
from typing import Any

from tests.billing.stripe_server import Json


def problem(message: str, kind: str = "invalid_request_error", **more: Any) -> Json:
    """Return the body of an error."""
    return {"error": {"message": message, "type": kind, **more}}


class StripeObjects:
    """The state, and one method for each address (`_post_refunds` answers POST /v1/refunds)."""

    def __init__(self) -> None:
        self.sessions: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.customers: dict[str, Json] = {}
        self.cards: dict[str, Json] = {}
        self.refunds: dict[str, Json] = {}
        self._refunds_made = 0
        self.disputes: list[Json] = []
        self.balance: list[Json] = []
        self.meter_events: dict[str, Json] = {}
        self.portals: list[Json] = []
        self.sent: list[Json] = []
        # How the next charges of a saved card and the next refunds end.
        self.card_says = "succeeded"
        self.refund_says = "succeeded"

    def answer(self, method: str, path: str, fields: Json) -> tuple[int, Json]:
        """Answer one request by the method that is named after its address."""
        parts = path.removeprefix("/v1/").split("/")
        for size in (len(parts), len(parts) - 1, len(parts) - 2):
            action = "" if size == len(parts) else "_".join(["", *parts[size + 1 :]])
            name = f"_{method}_{'_'.join(parts[:size])}" + ("" if size == len(parts) else f"_one{action}")
            if size > 0 and hasattr(self, name):
                answered: Json = getattr(self, name)(fields, *parts[size : size + 1])
                status = answered.pop("_status", 200)
                return status, answered
        return 404, problem(f"Unrecognized request URL ({method.upper()}: {path}).")

    # Customers and cards.

    def _post_customers(self, fields: Json) -> Json:
        found = {"id": f"cus_{len(self.customers) + 1:04}", "object": "customer", **fields}
        self.customers[found["id"]] = found
        return found

    def _get_payment_methods_one(self, _: Json, card: str) -> Json:
        return self.cards.get(card) or missing(card)

    def _post_payment_methods_one_detach(self, _: Json, card: str) -> Json:
        if card not in self.cards:
            return missing(card)
        self.cards[card]["customer"] = None
        return self.cards[card]

    def _post_billing_portal_sessions(self, fields: Json) -> Json:
        self.portals.append(fields)
        return {
            "id": "bps_1",
            "object": "billing_portal.session",
            "url": "https://billing.stripe.com/p/session/1",
        }

    def new_card(self, customer: str | None, last4: str = "4242") -> str:
        """Make a card of a customer."""
        found = f"pm_{len(self.cards) + 1:04}"
        card = {"brand": "visa", "last4": last4, "exp_month": 12, "exp_year": 2031}
        self.cards[found] = {"id": found, "object": "payment_method", "type": "card", "card": card}
        self.cards[found]["customer"] = customer
        return found

    # Checkout.

    def _post_checkout_sessions(self, fields: Json) -> Json:
        number = len(self.sessions) + 1
        line = fields["line_items"]["0"]["price_data"]
        session: Json = {
            "id": f"cs_{number:04}",
            "object": "checkout.session",
            "url": f"https://checkout.stripe.com/c/pay/cs_{number:04}",
            "client_reference_id": fields["client_reference_id"],
            "customer": fields.get("customer"),
            "status": "open",
            "payment_status": "unpaid",
            "amount_subtotal": int(line["unit_amount"]),
            "amount_total": int(line["unit_amount"]),
            "total_details": {"amount_tax": 0},
            "currency": line["currency"],
            "payment_intent": None,
            "invoice": None,
            "success_url": fields["success_url"],
            "cancel_url": fields["cancel_url"],
            "metadata": fields.get("metadata", {}),
            "asked": fields,
        }
        self.sessions[session["id"]] = session
        return session

    def _get_checkout_sessions(self, fields: Json) -> Json:
        return listed(
            [each for each in self.sessions.values() if each["payment_intent"] == fields["payment_intent"]]
        )

    def _get_checkout_sessions_one(self, _: Json, session: str) -> Json:
        return self.sessions.get(session) or missing(session)

    def pay(self, session_id: str, *, status: str = "paid") -> str:
        """Complete a session; `unpaid` means that a slow payment is on its way."""
        session = self.sessions[session_id]
        intent: str = session["payment_intent"] or f"pi_{session_id.removeprefix('cs_')}"
        session |= {"status": "complete", "payment_status": status, "payment_intent": intent}
        asked = session["asked"].get("payment_intent_data", {})
        card = self.new_card(session["customer"] if asked.get("setup_future_usage") else None)
        self._keep_intent(
            intent,
            cents=session["amount_total"],
            currency=session["currency"],
            status="succeeded" if status == "paid" else "processing",
            metadata=asked.get("metadata", {"top_up": session["client_reference_id"]}),
            customer=session["customer"],
            card=card,
        )
        return intent

    # Payments.

    def _post_payment_intents(self, fields: Json) -> Json:
        card = self.cards.get(fields["payment_method"])
        if card is None or card["customer"] != fields["customer"]:
            return {"_status": 400, **problem("The payment method is not attached to the customer.")}
        number = f"pi_auto_{len(self.intents) + 1:04}"
        refused = self.card_says in {"authentication_required", "card_declined"}
        intent = self._keep_intent(
            number,
            cents=int(fields["amount"]),
            currency=fields["currency"],
            status="requires_payment_method" if refused else self.card_says,
            metadata=fields["metadata"],
            customer=fields["customer"],
            card=card["id"],
        )
        if not refused:
            return copy.deepcopy(intent)
        intent["last_payment_error"] = {
            "code": self.card_says,
            "message": "Your card was declined.",
            "type": "card_error",
        }
        error = problem(
            "Your card was declined.", "card_error", code=self.card_says, payment_intent=dict(intent)
        )
        return {"_status": 402, **error}

    def _keep_intent(
        self,
        number: str,
        *,
        cents: int,
        currency: str,
        status: str,
        metadata: Json,
        customer: str | None,
        card: str,
    ) -> Json:
        charge: Json = {"id": f"ch_{number}", "object": "charge", "amount": cents, "currency": currency}
        charge |= {"amount_refunded": 0, "disputed": False, "payment_intent": number}
        charge["receipt_url"] = f"https://pay.stripe.com/receipts/{number}"
        is_paid = status == "succeeded"
        if is_paid:
            charge["balance_transaction"] = self.move(
                "charge", cents, fee=30 + cents * 29 // 1000, source=charge["id"]
            )
        self.intents[number] = {
            "id": number,
            "object": "payment_intent",
            "amount": cents,
            "amount_received": cents if is_paid else 0,
            "currency": currency,
            "status": status,
            "customer": customer,
            "payment_method": card,
            "metadata": metadata,
            "last_payment_error": None,
            "latest_charge": charge if is_paid else None,
            "created": int(time.time()),
        }
        return self.intents[number]

    def _get_payment_intents(self, fields: Json) -> Json:
        return listed(
            [each for each in self.intents.values() if each.get("customer") == fields["customer"]][::-1]
        )

    def _get_payment_intents_one(self, fields: Json, intent: str) -> Json:
        if intent not in self.intents:
            return missing(intent)
        found = copy.deepcopy(self.intents[intent])
        wanted = set(fields.get("expand", {}).values())
        if found["latest_charge"] and "latest_charge" not in wanted:
            found["latest_charge"] = found["latest_charge"]["id"]
        if "payment_method" in wanted:
            found["payment_method"] = copy.deepcopy(self.cards.get(found.get("payment_method", "")))
        return found

    # Refunds and disputes.

    def _post_refunds(self, fields: Json) -> Json:
        charge = self.intents[fields["payment_intent"]]["latest_charge"]
        cents = int(fields["amount"])
        if (
            self.refund_says == "refused"
            or cents > charge["amount"] - charge["amount_refunded"]
            or charge["disputed"]
        ):
            return {
                "_status": 400,
                **problem("The charge cannot be refunded by so much.", code="charge_already_refunded"),
            }
        return self._keep_refund(
            fields["payment_intent"], cents, self.refund_says, fields.get("metadata", {})
        )

    def _get_refunds(self, fields: Json) -> Json:
        return listed(
            [each for each in self.refunds.values() if each["payment_intent"] == fields["payment_intent"]]
        )

    def _keep_refund(self, intent: str, cents: int, status: str, metadata: Json) -> Json:
        self._refunds_made += 1
        found: Json = {
            "id": f"re_{self._refunds_made:04}",
            "object": "refund",
            "amount": cents,
            "status": status,
        }
        found |= {"payment_intent": intent, "metadata": metadata, "currency": "usd"}
        self.refunds[found["id"]] = found
        charge = self.intents[intent]["latest_charge"]
        charge["amount_refunded"] += cents
        self.move("refund", -cents, source=found["id"])
        return dict(found)

    def fail_refund(self, refund: str) -> None:
        """The bank sends a refund back."""
        found = self.refunds[refund]
        found["status"] = "failed"
        self.intents[found["payment_intent"]]["latest_charge"]["amount_refunded"] -= found["amount"]
        self.move("refund_failure", found["amount"], source=refund)

    def refund(self, intent: str, cents: int) -> None:
        """Give so many cents back by the dashboard, in all."""
        for number, found in list(self.refunds.items()):
            if found["payment_intent"] == intent and not found["metadata"]:
                del self.refunds[number]
        by_site = sum(each["amount"] for each in self._get_refunds({"payment_intent": intent})["data"])
        self.intents[intent]["latest_charge"]["amount_refunded"] = by_site
        if cents > by_site:
            self._keep_refund(intent, cents - by_site, "succeeded", {})

    def _get_disputes(self, fields: Json) -> Json:
        return listed([each for each in self.disputes if each["payment_intent"] == fields["payment_intent"]])

    def dispute(self, intent: str, cents: int, status: str = "needs_response", currency: str = "usd") -> None:
        """Open a dispute, or move it on."""
        if not self.intents[intent]["latest_charge"]["disputed"]:
            self.move("adjustment", -cents, fee=1500, source=f"dp_{intent}")
        self.intents[intent]["latest_charge"]["disputed"] = True
        self.disputes = [each for each in self.disputes if each["payment_intent"] != intent]
        found = {
            "id": f"dp_{intent}",
            "object": "dispute",
            "amount": cents,
            "currency": currency,
            "status": status,
        }
        due = {"due_by": int(time.time()) + 7 * 86_400} if status.endswith("needs_response") else {}
        self.disputes.append(
            {**found, "payment_intent": intent, "reason": "fraudulent", "evidence_details": due}
        )

    # Money at Stripe.

    def move(self, kind: str, cents: int, *, fee: int = 0, source: str = "", currency: str = "usd") -> str:
        """Book a balance transaction and return its id."""
        number = f"txn_{len(self.balance) + 1:05}"
        found: Json = {
            "id": number,
            "object": "balance_transaction",
            "type": kind,
            "amount": cents,
            "fee": fee,
        }
        found |= {"net": cents - fee, "currency": currency, "source": source, "created": int(time.time())}
        found |= {"available_on": int(time.time()), "status": "available", "description": kind}
        self.balance.append(found)
        return number

    def _get_balance(self, fields: Json) -> Json:
        sums: dict[str, int] = {}
        for each in self.balance:
            sums[each["currency"]] = sums.get(each["currency"], 0) + each["net"]
        parts = [{"amount": cents, "currency": currency} for currency, cents in sums.items()]
        return {"object": "balance", "livemode": False, "available": parts, "pending": []}

    def _get_balance_transactions(self, fields: Json) -> Json:
        newest = self.balance[::-1]
        after = fields.get("starting_after")
        start = next((n + 1 for n, each in enumerate(newest) if each["id"] == after), 0)
        size = int(fields.get("limit", 10))
        found = listed(newest[start : start + size])
        if "data.source" in fields.get("expand", {}).values():
            for each in found["data"]:
                each["source"] = self._source(each["source"])
        return {**found, "has_more": len(newest) > start + size}

    def _source(self, number: str) -> Json | str:
        """Return what a balance transaction is about."""
        intent = number.removeprefix("ch_").removeprefix("dp_")
        if number in self.refunds:
            intent = self.refunds[number]["payment_intent"]
        return (
            {"id": number, "object": "source", "payment_intent": intent} if intent in self.intents else number
        )

    def _get_events(self, fields: Json) -> Json:
        return listed([each for each in self.sent if each["type"] in fields["types"].values()][::-1])

    def _post_billing_meter_events(self, fields: Json) -> Json:
        if fields["identifier"] in self.meter_events:
            return {"_status": 400, **problem("An event already exists with this identifier.")}
        self.meter_events[fields["identifier"]] = fields
        return {"object": "billing.meter_event", **fields}


def missing(what: str) -> Json:
    """Answer that there is no such object."""
    return {"_status": 404, **problem(f"No such object: '{what}'", code="resource_missing")}


def listed(found: list[Json]) -> Json:
    """Return a list as Stripe wraps it."""
    return {"object": "list", "data": copy.deepcopy(found), "has_more": False, "url": "/v1/list"}
