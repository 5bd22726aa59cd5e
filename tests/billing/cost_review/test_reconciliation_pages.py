"""Reconciliation for people: the pages, the command, the nightly run, and reports fetched from providers."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from billing.models import ItemState, ReconciliationItem, ReconciliationRun
from billing.reconciliation import provider_apis
from billing.reconciliation.daily import reconcile
from billing.reconciliation.report import ReportError
from tests.billing.books import USD, doubt, make_reconciliation_item, settle


def upload(person, content: str, **more):
    file = SimpleUploadedFile("bill.csv", content.encode())
    return person.post(
        "/staff/costs/reconciliation/upload/", {"provider": "demo", "file": file, **more}, follow=True
    )


def test_staff_upload_a_report_and_decide_on_what_it_leaves_open(job, stella):
    """The page says what agrees; an open item is opened, booked with a reason, and shows who did what."""
    settle(job.hold(USD)[0], USD)
    doubt(job.hold(USD)[0])
    job.close()
    today = datetime.now(tz=UTC).date()
    page = upload(stella, f"day,model,cost\n{today},intern,9\n")
    assert "1 need a person" in page.text
    item = ReconciliationItem.objects.get()
    address = f"/staff/costs/reconciliation/{item.pk}/"
    assert "Calls in doubt" in stella.get(address).text
    assert (
        stella.post(f"{address}decide/", {"action": "part", "amount": "x", "reason": "y"}).status_code == 422
    )
    assert stella.post(f"{address}decide/", {"action": "explain"}).status_code == 422
    for amount in ("-1", "1e5", "NaN", "1000000000", ""):
        asked = {"action": "part", "amount": amount, "reason": "y"}
        assert "Enter dollars between $0.00 and" in stella.post(f"{address}decide/", asked).text
    stella.post(f"{address}decide/", {"action": "part", "amount": "1.250000001", "reason": "Our part."})
    item.refresh_from_db()
    assert (item.state, item.by, item.booked_nano) == (ItemState.CLOSED, stella.user, 1_250_000_001)
    page = stella.get(address).text
    assert f"bill:{item.pk}:1" in page
    assert stella.user.email in page
    csv = b"".join(
        stella.get("/staff/costs/reconciliation/items.csv?state=closed").streaming_content
    ).decode()
    assert f"demo,{today},demo/intern,closed,9.00,1.00,1.00,1,1.250000001,7.749999999" in csv
    assert "no column for the cost" in upload(stella, "day,model\n").text
    assert "more than 4 MB" in upload(stella, "x" * 4_050_000).text
    large = upload(stella, "x" * 5_000_000)
    assert (large.status_code, "upload a shorter one" in large.text) == (413, True)
    assert "submitted file is empty" in upload(stella, "").text


def test_the_nightly_run_says_what_each_check_found(stella):
    """R1 to R4 in sentences, on the page and at the terminal; exit status 1 while something is open."""
    run = reconcile()
    assert [found["open"] for found in run.findings.values()] == [0, 0, 0, 0]
    make_reconciliation_item()
    with pytest.raises(SystemExit):
        call_command("reconcile")
    assert ReconciliationRun.objects.count() == 2
    assert "1 open" in stella.get("/staff/costs/reconciliation/").text


def test_the_command_takes_a_report_from_a_file(job, tmp_path, capsys):
    """What cannot be read is said; what was billed is booked."""
    doubt(job.hold(USD)[0])
    job.close()
    file = tmp_path / "bill.csv"
    file.write_text(f"date,model,amount\n{datetime.now(tz=UTC).date()},intern,0.5\n")
    with pytest.raises(CommandError, match="whose report"):
        call_command("reconcile", report=file)
    with pytest.raises(CommandError, match=r"“dmo” has no model in the price book. Expected one of .*demo, "):
        call_command("reconcile", report=file, provider="dmo")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("reconcile", report=tmp_path / "none.csv", provider="demo")
    for other, said in (
        (tmp_path, "cannot be read"),
        (Path("/dev/null"), "empty"),
        (Path("/dev/zero"), "4 MB"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("reconcile", report=other, provider="demo")
    call_command("reconcile", report=file, provider="demo", complete=True)
    assert "1 closed, 0 open" in capsys.readouterr().out


@pytest.fixture
def provider_server(monkeypatch, settings):
    """A server with the three providers' reports; `answers` maps path → reply by page."""
    answers: dict[str, object] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            page = parse_qs(asked.query).get("page", [""])[0]
            answer = answers[asked.path] if not page else answers[f"{asked.path}?{page}"]
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            allowed = "admin" in str(self.headers.get("Authorization") or self.headers.get("x-api-key"))
            moved, cut = body.startswith(b"/"), body.endswith(b"...")
            self.send_response((302 if moved else 200) if allowed else 401)
            if moved:
                self.send_header("Location", body.decode())
            if cut:
                self.send_header("Content-Length", str(len(body) + 1))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(
        provider_apis, "ADDRESSES", {name: f"{base}/{name}" for name in ("openai", "anthropic", "openrouter")}
    )
    settings.PROVIDER_REPORT_KEYS = dict.fromkeys(("openai", "anthropic", "openrouter"), "admin-key")
    yield answers
    server.shutdown()
    server.server_close()


def test_reports_are_fetched_from_providers_page_by_page_and_as_decimals(provider_server):
    """Each provider's own form, units and pages; figures are read as they stand there."""
    yesterday = datetime.now(tz=UTC).date() - timedelta(days=1)
    begins = int(datetime.combine(yesterday, datetime.min.time(), tzinfo=UTC).timestamp())

    def bucket(item: str, value: float) -> dict:
        result = {"amount": {"value": value, "currency": "usd"}, "line_item": item}
        return {"start_time": begins, "results": [result]}

    provider_server["/openai"] = {
        "data": [bucket("gpt-6-sol, input", 0.1)],
        "has_more": True,
        "next_page": "p2",
    }
    provider_server["/openai?p2"] = {"data": [bucket("gpt-6-sol, output", 0.2)], "has_more": False}
    cents = {"currency": "USD", "amount": "123.45678", "model": "claude-opus-5", "description": "Claude"}
    search = {"currency": "USD", "amount": "1", "model": None, "description": "Web Search Usage"}
    provider_server["/anthropic"] = {
        "data": [{"starting_at": f"{yesterday}T00:00:00Z", "results": [cents, search]}],
        "has_more": False,
    }
    provider_server["/openrouter"] = {
        "data": [
            {"date": f"{yesterday} 00:00:00", "model": "openai/gpt-4.1", "usage": 0.015},
            {"date": "2020-01-01", "model": "openai/gpt-4.1", "usage": 7},
        ]
    }
    found = {name: provider_apis.fetch(name, days=2) for name in provider_apis.configured()}
    assert {name: [(bill.model, bill.nano) for bill in each.bills] for name, each in found.items()} == {
        "openai": [("gpt-6-sol", 300_000_000)],
        "anthropic": [("Web Search Usage", 10_000_000), ("claude-opus-5", 1_234_567_800)],
        "openrouter": [("openai/gpt-4.1", 15_000_000)],
    }
    assert all(each.is_complete and each.last_day == yesterday for each in found.values())


@pytest.mark.parametrize(
    ("answer", "key", "said"),
    [
        ({"data": []}, "wrong", "answered 401. Is the key one that may read bills"),
        (b"<html>", "admin", "could not be read"),
        (b'{"data": [...', "admin", "could not be read"),
        (b"[" * 100_000, "admin", "could not be read"),
        (b"/anthropic", "admin", "answered 302. Has its address moved"),
        ({"error": "x"}, "admin", "another form"),
        (
            {"data": [{"start_time": 1700000000, "results": [{"amount": {"value": 1, "currency": "eur"}}]}]},
            "admin",
            "bills in eur",
        ),
        ({"data": [{"results": 5}]}, "admin", "another form"),
    ],
)
def test_a_report_that_cannot_be_fetched_says_why(provider_server, settings, answer, key, said):
    """A wrong key, a broken reply or another currency book nothing."""
    settings.PROVIDER_REPORT_KEYS = {"openai": key}
    provider_server |= {"/openai": answer, "/anthropic": {"data": []}}
    with pytest.raises(ReportError, match=said):
        provider_apis.fetch("openai", days=1)


def test_a_failing_provider_is_a_finding_and_the_other_checks_run(provider_server, db):
    """One provider's outage is one open line."""
    for name in ("openai", "anthropic", "openrouter"):
        provider_server[f"/{name}"] = b"down" if name == "openai" else {"data": []}
    found = reconcile().findings["R3 providers"]
    assert found["open"] == 1
    assert "openai: its cost report could not be read" in found["lines"][0]
