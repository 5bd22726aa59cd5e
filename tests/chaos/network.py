"""Several hosts on one machine: network namespaces on two switches, of which each cable can be pulled.

The hub has the services and the provider. Each worker host has a cable to the services' switch and another one to the
provider's, so that a host can lose its database and still reach its models: the worst that can happen to a budget.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence

SERVICES, PROVIDER = "10.213.9.1", "10.213.8.1"
"""The hub's addresses on the two switches; namespaces keep them apart from everything else on the machine."""


def impossible_because() -> str:
    """Return why namespaces cannot be made here, or nothing."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "the program `ip` (iproute2) is missing"
    name = f"ponder-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"`ip netns add` fails: {made.stderr.strip()}"
    _ip("netns", "delete", name)
    return ""


class Network:
    """A hub and worker hosts. Names carry the process id, so that several runs do not meet."""

    def __init__(self, hosts: int) -> None:
        self.hub = f"hub-{os.getpid()}"
        self.hosts = [f"host{number}-{os.getpid()}" for number in range(1, hosts + 1)]
        self._made: list[str] = []
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self) -> None:
        self._add(self.hub)
        for switch, address in (("services", SERVICES), ("provider", PROVIDER)):
            _ip("-n", self.hub, "link", "add", switch, "type", "bridge")
            _ip("-n", self.hub, "address", "add", f"{address}/24", "dev", switch)
            _ip("-n", self.hub, "link", "set", switch, "up")
        for number, host in enumerate(self.hosts, 1):
            self._add(host)
            for switch, address in (("services", SERVICES), ("provider", PROVIDER)):
                far = f"{switch}{number}"
                _ip("-n", self.hub, "link", "add", far, "type", "veth", "peer", "name", switch, "netns", host)
                _ip("-n", self.hub, "link", "set", far, "master", switch)
                _ip("-n", self.hub, "link", "set", far, "up")
                own = address.rpartition(".")[0] + f".{10 + number}"
                _ip("-n", host, "address", "add", f"{own}/24", "dev", switch)
                _ip("-n", host, "link", "set", switch, "up")

    def _add(self, name: str) -> None:
        _ip("netns", "add", name)
        self._made.append(name)
        _ip("-n", name, "link", "set", "lo", "up")

    def address_of(self, host: str) -> str:
        """Return the address from which a host's calls reach the provider."""
        return PROVIDER.rpartition(".")[0] + f".{11 + self.hosts.index(host)}"

    def pull(self, host: str) -> None:
        """Pull a host's cable to the services."""
        _ip("-n", self.hub, "link", "set", f"services{self.hosts.index(host) + 1}", "down")

    def plug(self, host: str) -> None:
        """Plug it in again."""
        _ip("-n", self.hub, "link", "set", f"services{self.hosts.index(host) + 1}", "up")

    def close(self) -> None:
        """Remove everything."""
        for name in self._made:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Let this thread, and what it starts, live in a namespace for the block."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.setns(there, os.CLONE_NEWNET)
        yield
    finally:
        os.setns(home, os.CLONE_NEWNET)
        os.close(there)
        os.close(home)


def _ip(*arguments: str) -> None:
    command: Sequence[str] = ["ip", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
