"""`manage.py up`: start everything, say where it is, watch over it, stop everything."""

import http
import json
import os
import time
from collections.abc import Sequence

from reasoning_app import __version__
from reasoning_app.embedded import checks, commands, demo
from reasoning_app.embedded.child import Child, wait_until
from reasoning_app.embedded.errors import StopRequested, UpError
from reasoning_app.embedded.options import Options, parse
from reasoning_app.embedded.services import Services
from reasoning_app.embedded.stores import schema
from reasoning_app.embedded.stores.postgres import psql
from reasoning_app.embedded.supervisor import StopSignals, Supervisor
from reasoning_app.embedded.terminal import complain, say, step
from reasoning_app.embedded.web_watch import WebWatch, answers

_MIGRATE_TIMEOUT_S = 3600.0
_WEB_TIMEOUT_S = 120.0
_WELCOME_TIMEOUT_S = 60.0
_DEFAULT_DRAIN_S = 30


def main(arguments: Sequence[str]) -> int:
    """Run until stopped, and return the exit status."""
    options = parse(arguments)
    signals = StopSignals()
    try:
        checks.check_port(options.host, options.port)
        demo.check_local_files()
        launch = Launch(options, signals)
        launch.services.start()
    except StopRequested:
        return 0
    except UpError as error:
        complain(f"Error: {error}")
        return error.exit_code
    return launch.run()


class Launch:
    """One start of Ponder on this machine."""

    def __init__(self, options: Options, signals: StopSignals) -> None:
        self.options = options
        self.signals = signals
        self.drain_s = _whole_number("PONDER_DRAIN_S", _DEFAULT_DRAIN_S)
        self.with_demo = demo.wants_demo_model() and bool(demo.trained())
        env = dict(os.environ) | {"PONDER_BASE_URL": options.base_url, "PYTHONUNBUFFERED": "1"}
        self.services = Services(
            options.data_dir, env=env, role="manage.py up", redis_later=True, say=step, check=signals.check
        )
        self.supervisor = Supervisor(self.services, signals)
        say(f"Starting Ponder {__version__}. Its data is in {options.data_dir}")

    def run(self) -> int:
        """Start the application on the running services, watch over it, and stop all. Return the exit status."""
        status = 0
        try:
            self.services.lock.note(address=self.options.base_url)
            self._start_web()
            self._start_the_rest()
            self._welcome()
            self.supervisor.run()
        except StopRequested:
            pass
        except UpError as error:
            complain(f"Error: {error}")
            status = error.exit_code
        finally:
            say(
                "Stopping (press Ctrl-C again to stop at once)"
                if not self.signals.hurried()
                else "Stopping at once"
            )
            began = time.monotonic()
            self.supervisor.stop()
            say(f"Stopped after {time.monotonic() - began:.1f} s.")
        return status

    def _sql(self, statement: str) -> str:
        if self.services.postgres is not None:
            return self.services.postgres.sql(statement)
        return psql(self.services.environ["DATABASE_URL"], statement, env=self.services.environ)

    def _child(self, name: str, command: list[str], **more: float) -> Child:
        return Child(name, command, env=self.services.environ, log=self.services.logs / f"{name}.log", **more)  # type: ignore[arg-type]

    def _bring_up_to_date(self) -> Child | None:
        """Begin to bring the tables up to date, unless the database says that they are."""
        if schema.is_current(self._sql):
            return None
        child = self._child("migrate", commands.migrate())
        if self.services.postgres is not None:
            # Each migration need not reach the disk by itself: the mark below does, and takes all before it along.
            child.env["PGOPTIONS"] = "-c synchronous_commit=off"
        child.start()
        return child

    def _await_tables(self, child: Child, began: float) -> None:
        try:
            done = wait_until(lambda: not child.alive, _MIGRATE_TIMEOUT_S, self.supervisor.require_alive)
        finally:
            child.kill()
        if not done or child.poll() != 0:
            raise UpError(f"Could not update the database tables.\n{child.last_lines(12)}")
        schema.mark_current(self._sql)
        step("Tables", "up to date", time.monotonic() - began)

    def _start_web(self) -> None:
        """Start the web server while Redis starts and the tables are brought up to date; wait until it answers.

        Beside more than that, on two cores, its first page would come two seconds later.
        """
        began = time.monotonic()
        if self.with_demo:
            self.services.name_demo_addresses()
        migrating = self._bring_up_to_date()
        web = commands.web(bind=self.options.bind, workers=self.options.workers)
        child = self.supervisor.launch(self._child("web", web, grace_s=15))
        self.services.wait_redis()
        if migrating:
            self._await_tables(migrating, began)
        if not wait_until(self._web_answers, _WEB_TIMEOUT_S, self.supervisor.require_alive, poll_s=0.05):
            raise UpError(
                f"The web server does not answer {self.options.base_url}/healthz with 200 "
                f"after {_WEB_TIMEOUT_S:.0f} s. See {self.services.logs}/web.log"
            )
        self.supervisor.watch_web(child, WebWatch(self.options.local_host, self.options.port))
        step("Web", "ready", time.monotonic() - began)

    def _start_the_rest(self) -> None:
        """Start this machine's models, worker and clock side by side."""
        began = time.monotonic()
        self.services.start_models()
        worker = commands.worker()
        self.supervisor.launch(self._child("worker", worker, grace_s=self.drain_s + 5))
        self.supervisor.launch(self._child("beat", commands.beat(), grace_s=5))
        self.services.wait_models()
        if self.with_demo:
            step("Demo model", f"ready: {demo.reason()}", time.monotonic() - began)
        elif demo.wants_demo_model():
            step("Demo model", "its weights are missing: run `make demo-model`, then start again", 0)
        else:
            step("Models", f"your own: {demo.reason()}", 0)
        self.services.lock.note(ready=True)

    def _web_answers(self) -> bool:
        return answers(self.options.local_host, self.options.port) == http.HTTPStatus.OK

    def _welcome(self) -> None:
        """Make the ready user in a process of its own, and print the address and the one-time link."""
        result = self.services.run_dir / "welcome.json"
        result.unlink(missing_ok=True)
        sample = ["--sample"] if self.options.sample and self.with_demo else []
        child = self._child("welcome", commands.manage("welcome", "--output", str(result), *sample))
        child.start()
        try:
            wait_until(lambda: not child.alive, _WELCOME_TIMEOUT_S, self.supervisor.require_alive)
            text = result.read_text() if result.exists() else "{}"
        finally:
            child.kill()
            result.unlink(missing_ok=True)
        said = json.loads(text)
        say(f"\nPonder is running at {self.options.base_url}")
        if said.get("link"):
            say(f"Sign in as {said['email']} (works once, within 24 hours): {said['link']}")
        else:
            say(f"Could not create a sign-in link; see {child.log}\n{child.last_lines(2)}")
        if said.get("sample"):
            say(f"A sample job is running: {said['sample']}")
        say(f"Logs: {self.services.logs}   Stop: Ctrl-C\n")


def _whole_number(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if text.isascii() and text.isdigit():
        return int(text)
    raise UpError(
        f"{name}: “{text}” is not a whole number. Set it to one such as {default}, or leave it out."
    )
