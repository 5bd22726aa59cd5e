"""A NUL character in an address, a query or a post is refused in words wherever a page cannot live with it."""

from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from tests.web.addresses import OWN, PUBLIC

NAMES = [
    "q",
    "page",
    "from",
    "draft",
    "state",
    "sort",
    "next",
    "day",
    "month",
    "user",
    "token",
    "problem",
    "code",
]
QUERY = dict.fromkeys(NAMES, "a\0b") | {"email": "a\0@example.org"}


def plain_addresses():
    """The addresses that take no argument; the webhook is Stripe's, and off without its secret."""
    for name in sorted(OWN | PUBLIC - {"stripe-webhook"}):
        try:
            yield reverse(name)
        except NoReverseMatch:
            continue


def test_raw_rows_refuse_nul_in_searches_and_filters(staff):
    """Each list, searched, and filtered by each of its filters, ignores it or answers 400 in words."""
    refused = set()
    for model, shown in admin.site._registry.items():
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        filters = [each if isinstance(each, str) else each[0] for each in shown.list_filter]
        for query in [{"q": "a\0"}, *({f"{field}__exact": "\0"} for field in filters)]:
            reply = staff.get(address, query)
            assert reply.status_code in {200, 302, 400}, (address, query)
            if reply.status_code == 400:
                refused.add(address)
                assert "It contains a NUL character" in reply.content.decode()
    assert len(refused) > 3


def test_no_page_fails_at_nul(staff, client):
    """Queries and posts of it, signed in and not, are answered without a fault of ours."""
    for address in plain_addresses():
        for who in (staff, client):
            assert who.get(address, QUERY).status_code < 500, address
            assert who.post(address, QUERY).status_code < 500, address
