"""Errors are sorted by what is owed: only what was provably not executed costs nothing."""

import datetime as dt
import json
from dataclasses import replace
from email.utils import format_datetime

import httpx
import pytest
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_reqrep import ConnectionKey

from solver.core.errors import ErrorCategory, InDoubt, NotExecuted
from solver.providers.error_sorting import sorted_error, sorted_exchange, used_its_cap
from solver.providers.exchange import Exchange
from solver.providers.openai_responses import RefusedByServer
from tests.solver.simulated import card


class InternalServerError(Exception):
    """As litellm names a status 500."""

    status_code = 500


class RateLimitError(Exception):
    """As litellm names what it takes for a status 429."""

    status_code = 429


RateLimitError.__module__ = InternalServerError.__module__ = "litellm.exceptions"


def raised(error: Exception, *, after: Exception, suppressed: bool = False) -> Exception:
    """Return an error that was raised while another one was handled."""
    error.__context__ = after
    error.__suppress_context__ = suppressed
    return error


def because(error: Exception, *, of: Exception) -> Exception:
    """Return an error that was raised from another one."""
    error.__cause__ = of
    return error


def http_error(status: int) -> httpx.HTTPStatusError:
    """Return what httpx raises of a reply with this status."""
    request = httpx.Request("POST", "http://provider/v1")
    return httpx.HTTPStatusError("no", request=request, response=httpx.Response(status, request=request))


def test_a_refused_connection_that_a_library_swallowed_says_nothing_of_the_call():
    """An executed call is in doubt even where an unrelated refusal was handled before it."""
    unrelated = raised(InternalServerError("500"), after=ConnectionRefusedError(), suppressed=True)
    assert isinstance(sorted_error(unrelated, card()), InDoubt)


def test_a_missing_file_is_no_refused_connection():
    """A cache file that is not there is looked for before every call; a missing socket is an error of the connection."""
    error = raised(InternalServerError("500"), after=FileNotFoundError("cache.json"))
    assert isinstance(sorted_error(error, replace(card(), api_base="http://provider/v1")), InDoubt)
    key = ConnectionKey("absent.sock", None, False, True, None, None, None)
    missing = UnixClientConnectorError("/absent.sock", key, FileNotFoundError("/absent.sock"))
    refused = because(InternalServerError("x"), of=because(httpx.ConnectError("x"), of=missing))
    assert isinstance(sorted_error(refused, replace(card(), api_base="unix:/absent.sock")), NotExecuted)


@pytest.mark.parametrize("later", [httpx.ReadError("cut"), http_error(500), httpx.ReadTimeout("late")])
def test_of_several_failures_the_latest_decides(later):
    """A first address refused the connection, a second one took the request."""
    error = raised(InternalServerError("x"), after=raised(later, after=ConnectionRefusedError()))
    assert isinstance(sorted_error(error, card()), InDoubt)
    refused = because(
        InternalServerError("x"), of=because(httpx.ConnectError("x"), of=ConnectionRefusedError())
    )
    assert isinstance(sorted_error(refused, card()), NotExecuted)


def test_a_refused_connection_that_merely_came_before_is_no_cause():
    """What was being handled when an error was raised says nothing of the request that it is about."""
    stale = raised(InternalServerError("x"), after=ConnectionRefusedError())
    assert isinstance(sorted_error(stale, card()), InDoubt)


@pytest.mark.parametrize("status", [408, 409, 424, 499])
def test_statuses_of_requests_that_may_be_worked_on_are_in_doubt(status):
    """A proxy that gave up waiting, a conflict with a request under way: the provider may execute it."""
    assert isinstance(sorted_error(RefusedByServer("no", status, {}), card()), InDoubt)


def test_a_status_that_a_library_made_up_does_not_outweigh_the_servers():
    """Litellm takes a 500 that mentions a quota for a 429."""
    assert isinstance(sorted_error(raised(RateLimitError("quota"), after=http_error(500)), card()), InDoubt)
    assert isinstance(
        sorted_error(raised(RateLimitError("quota"), after=http_error(429)), card()), NotExecuted
    )


def test_retry_after_may_be_a_date():
    """The header holds seconds or an HTTP date; what is neither is ignored, and nobody waits longer than two minutes."""

    def wish(value: str) -> float | None:
        return sorted_error(RefusedByServer("no", 429, {"retry-after": value}), card()).retry_after_s

    def in_s(seconds: float) -> str:
        moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
        return format_datetime(moment, usegmt=True)

    assert 25 < (wish(in_s(30)) or 0) <= 30
    assert wish(in_s(-30)) == 0
    assert wish(in_s(7_200)) == 3_600
    assert (wish("7"), wish("inf"), wish("nan"), wish("soon"), wish("")) == (7, 3_600, None, None, None)


@pytest.mark.parametrize(
    ("status", "said", "category"),
    [
        (400, "Incorrect API key provided: xa***.", ErrorCategory.KEY_REFUSED),
        (403, "The security token included in the request is invalid.", ErrorCategory.KEY_REFUSED),
        (
            429,
            "Your team has either used all available credits or reached its limit",
            ErrorCategory.NO_CREDIT,
        ),
        (403, "Your newly created team doesn't have any credits yet.", ErrorCategory.NO_CREDIT),
        (400, '{"code": "Arrearage"}', ErrorCategory.NO_CREDIT),
        (400, '{"code": "billing_hard_limit_reached"}', ErrorCategory.NO_CREDIT),
        (412, "suspended, possibly due to reaching the monthly spending limit", ErrorCategory.NO_CREDIT),
        (400, "User location is not supported for the API use.", ErrorCategory.FORBIDDEN),
        (403, '{"metadata": {"flagged_input": "…"}}', ErrorCategory.REQUEST_REFUSED),
        (403, "No.", ErrorCategory.FORBIDDEN),
    ],
)
def test_what_is_wrong_is_read_where_the_status_says_otherwise(status, said, category):
    """An account without money is no call that may be tried again in a moment, and a filter no key that is refused."""
    error = sorted_exchange(Exchange(was_sent=True, status=status, body=said.encode()), card(), None)
    assert isinstance(error, NotExecuted)
    assert (error.category, error.retryable) == (category, False)


PROMPT = "Why does it say insufficient_quota, Incorrect API key and Could not finish the message because max_tokens?"
ECHOES = {
    "FastAPI": {
        "detail": [{"type": "value_error", "loc": ["body", "messages"], "msg": "too long", "input": PROMPT}]
    },
    "request": {"error": {"message": "Bad request.", "request": {"messages": [{"content": PROMPT}]}}},
    "beside": {"error": "bad_request", "prompt": PROMPT},
    "behind a long message": {"error": {"message": f"The messages are wrong: {'…' * 300} {PROMPT}"}},
    "of another provider": {"error": {"metadata": {"raw": json.dumps({"message": "No.", "input": PROMPT})}}},
    "deep": json.loads('{"error":' * 50 + json.dumps({"message": PROMPT}) + "}" * 50),
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("status", [400, 422, 429])
def test_a_prompt_that_an_error_repeats_says_nothing_of_it(status, echo):
    """Whoever asks cannot have staff told that an account is empty or a key is wrong, nor a cap taken for used up."""
    exchange = Exchange(was_sent=True, status=status, body=json.dumps(ECHOES[echo]).encode())
    error = sorted_exchange(exchange, card(), None)
    wanted = ErrorCategory.BUSY if status == 429 else ErrorCategory.REQUEST_REFUSED
    assert (error.category, error.retryable) == (wanted, status == 429)
    assert not used_its_cap(exchange)


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ({"error": {"type": "insufficient_quota", "message": "…", "input": "x"}}, ErrorCategory.NO_CREDIT),
        ({"error": {"details": [{"reason": "API_KEY_INVALID"}]}}, ErrorCategory.KEY_REFUSED),
        ([{"error": {"message": "API key not valid. Please pass one."}}], ErrorCategory.KEY_REFUSED),
        (
            {"error": {"metadata": {"raw": '{"error": {"message": "Insufficient Balance"}}'}}},
            ErrorCategory.NO_CREDIT,
        ),
        ({"code": "x", "error": "Your team doesn't have any credits yet."}, ErrorCategory.NO_CREDIT),
        ({"error": {"metadata": {"flagged_input": "…"}}}, ErrorCategory.REQUEST_REFUSED),
    ],
)
def test_a_providers_own_words_are_read_wherever_it_writes_them(said, category):
    """Codes, types, reasons and messages, also of the provider behind a router."""
    exchange = Exchange(was_sent=True, status=429, body=json.dumps(said).encode())
    assert sorted_exchange(exchange, card(), None).category == category
