"""Keeps Ponder's processes running: restarts one that dies, stops all in order.

Runs in the main thread alone: Linux ties the children's lives to the thread that started them.
"""

import signal
import time
from types import FrameType

from reasoning_app.embedded.child import Child, trim_log
from reasoning_app.embedded.errors import StopRequested, UpError
from reasoning_app.embedded.services import Services
from reasoning_app.embedded.terminal import LogWatcher, say
from reasoning_app.embedded.web_watch import WebWatch

_TICK_S = 0.2
_STEADY_S = 60.0
_BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# Without these nothing works, so after this many deaths in a row there is no use in going on.
_VITAL = {"postgres": 5, "redis": 8}
_HOUSEKEEPING_S = 60.0


class StopSignals:
    """Counts SIGINT, SIGTERM and SIGHUP: the first asks to stop, a second one to hurry."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1

    def check(self) -> None:
        """Raise StopRequested once a signal came: for the waits while starting."""
        if self.count:
            raise StopRequested

    def hurried(self) -> bool:
        """Whether a second signal came."""
        return self.count > 1


class Supervisor:
    """The running processes of one instance: those of `services`, and web, worker and clock."""

    def __init__(self, services: Services, signals: StopSignals) -> None:
        self.services = services
        self.signals = signals
        self.apps: list[Child] = []
        self.watcher = LogWatcher()
        self._deaths: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._housekeeping_at = 0.0
        self._web: tuple[Child, WebWatch] | None = None

    def launch(self, child: Child) -> Child:
        """Start one of the application's processes."""
        self.watcher.follow(child.name, child.log)
        child.start()
        self.apps.append(child)
        return child

    def watch_web(self, web: Child, watch: WebWatch) -> None:
        """From now on also restart the web server when it runs but does not answer."""
        self._web = (web, watch)
        watch.start()

    def require_alive(self) -> None:
        """Raise UpError when a process died while starting; StopRequested when asked to stop."""
        self.signals.check()
        for child in [*self.services.children, *self.apps]:
            if child.poll() is not None:
                raise UpError(
                    f"The {child.name} process ended while starting (status {child.poll()}). "
                    f"Its last output ({child.log}):\n{child.last_lines()}"
                )

    def run(self) -> None:
        """Watch over the processes until a signal asks to stop."""
        for child in self.services.children:
            self.watcher.follow(child.name, child.log)
        while not self.signals.count:
            for child in [*self.services.children, *self.apps]:
                self._tend(child)
            self._tend_web()
            self.watcher.poll()
            self._keep_house()
            time.sleep(_TICK_S)

    def _tend(self, child: Child) -> None:
        """Restart a child that died, after a pause that grows with its deaths in a row."""
        if child.alive:
            return
        now = time.monotonic()
        if child.name not in self._due:
            lived_s = now - child.started_at
            deaths = self._deaths[child.name] = (
                1 if lived_s > _STEADY_S else self._deaths.get(child.name, 0) + 1
            )
            if deaths >= _VITAL.get(child.name, deaths + 1):
                raise UpError(
                    f"{child.name} died {deaths} times in a row, so Ponder stops. "
                    f"Its last output ({child.log}):\n{child.last_lines()}"
                )
            pause_s = _BACKOFF_S[min(deaths, len(_BACKOFF_S)) - 1]
            self._due[child.name] = now + pause_s
            say(f"  {child.name} ended (status {child.poll()}); starting it again in {pause_s:g} s")
        elif now >= self._due[child.name]:
            del self._due[child.name]
            child.kill()  # whatever it started and left behind
            child.start()

    def _tend_web(self) -> None:
        """Kill a web server that does not answer; as one that died it is started again."""
        if self._web is None:
            return
        web, watch = self._web
        if not web.alive:
            watch.forget()
        elif watch.is_stuck:
            watch.forget()
            say(f"  {web.name} runs and does not answer")
            web.kill()

    def _keep_house(self) -> None:
        if time.monotonic() < self._housekeeping_at:
            return
        self._housekeeping_at = time.monotonic() + _HOUSEKEEPING_S
        for child in [*self.services.children, *self.apps]:
            trim_log(child.log)

    def stop(self) -> None:
        """Stop the web server, clock and worker, then the services; a second signal shortens every wait."""
        for child in self.apps:
            child.signal(child.stop_signal)
        deadlines = {child.name: time.monotonic() + child.grace_s for child in self.apps}
        for child in self.apps:
            remaining_s = max(0.0, deadlines[child.name] - time.monotonic())
            if not child.wait(remaining_s, hurry=self.signals.hurried):
                say(f"  {child.name} did not stop in time and was killed")
            child.kill()
        self.services.stop(hurry=self.signals.hurried)
