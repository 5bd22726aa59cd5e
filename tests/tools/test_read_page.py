"""Pages of the web: only public addresses are read, whatever names, redirects and servers try."""

import socket
import threading
from urllib.parse import urlsplit

import pytest

from tests.files import documents
from tests.tools.site import bomb, endless, leads_to, page, site, trickle
from tools.web import address as addresses
from tools.web.address import AddressRefused, is_public, target_of
from tools.web.page import PageReader

ARTICLE = """<!doctype html><html><head><title>Bees &amp; honey</title>
<meta property="article:published_time" content="2026-03-01T08:00:00Z"></head>
<body><h1>Bees</h1><p>A hive has 40,000 bees.</p><script>alert(1)</script></body></html>"""


def reader(origin="", **kwargs):
    allowed = frozenset({urlsplit(origin).netloc} if origin else ())
    return PageReader(user_agent="Ponder/1 (+https://example.org)", allowed_hosts=allowed, **kwargs)


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "168.63.129.16", "192.88.99.1", "::", "::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1", "::ffff:0:7f00:1", "64:ff9b::7f00:1", "64:ff9b::808:808",
        "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "2001:0:1::1", "2001:db8::1", "fe80::1", "fe80::1%eth0",
        "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "x", "",
    ],
)  # fmt: skip
def test_an_address_inside_is_not_public(ip):
    """Private, local, carriers', reserved and many-voiced addresses, and every form that hides another."""
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"])
def test_an_address_of_the_internet_is_public(ip):
    """What everybody can reach is read."""
    assert is_public(ip)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/", "http://localhost/", "http://localhost./", "http://2130706433/", "http://0x7f.1/",
        "http://127.1/", "http://0177.0.0.1/", "http://0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/", "http://[fe80::1%25lo]/", "http://169.254.169.254/latest/meta-data/",
        "http://8.8.8.8:22/", "https://8.8.8.8:80/", "http://8.8.8.8:443/", "http://8.8.8.8:0/", "http://8.8.8.8:99999/",
        "ftp://8.8.8.8/", "file:///etc/passwd", "gopher://8.8.8.8/", "data:text/html,x", "javascript:1", "//8.8.8.8/",
        "8.8.8.8", "", "http://", "http:///x", "http://user@8.8.8.8/", "http://user:pw@8.8.8.8/", "http://@8.8.8.8/",
        "http://8.8.8.8\\@127.0.0.1/", "http://8.8.8.8 /", "http://8.8.8.8/\r\nX: y", "http://[::1", "http://a..b/",
        "http://" + "a" * 70 + ".example/", "https://8.8.8.8/" + "x" * 2_000,
    ],
)  # fmt: skip
def test_an_address_that_is_not_read(address):
    """It is refused in words, before anything is connected to."""
    with pytest.raises(AddressRefused, match=r"\.$"):
        target_of(address)
    assert reader().read(address).error.endswith((".", "?"))


def test_one_private_address_behind_a_name_is_enough(monkeypatch):
    """A name with a public and a private address is refused, and looked up once."""
    asked = []

    def found(*ips):
        def look_up(host, port, **_):
            asked.append(host)
            return [(2, 1, 6, "", (ip, port)) for ip in ips]

        return look_up

    monkeypatch.setattr(addresses.socket, "getaddrinfo", found("8.8.8.8", "10.0.0.1"))
    with pytest.raises(AddressRefused, match="private network"):
        target_of("https://example.org/")
    monkeypatch.setattr(addresses.socket, "getaddrinfo", found("8.8.8.8", "8.8.4.4"))
    target = target_of("https://bücher.example/ä b?q=ü".replace(" ", "%20"))
    assert (target.host, target.ips) == ("xn--bcher-kva.example", ("8.8.8.8", "8.8.4.4"))
    assert target.address == "https://xn--bcher-kva.example/%C3%A4%20b?q=%C3%BC"
    assert asked == ["example.org", "xn--bcher-kva.example"]


def test_a_name_that_nobody_answers_for_is_given_up(monkeypatch):
    """The operating system may look for minutes."""
    asked = threading.Event()
    monkeypatch.setattr("tools.web.address._LOOK_UP_S", 0.01)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: asked.wait(20) and [])
    with pytest.raises(AddressRefused, match="not known"):
        target_of("https://slow.example/")
    asked.set()


def test_the_connection_goes_to_what_was_looked_up(monkeypatch):
    """A name that answers otherwise a moment later is not asked again; the request still names the host."""
    with site({"/": page(ARTICLE)}) as (origin, asked):
        port = urlsplit(origin).port
        answers = [[(2, 1, 6, "", ("127.0.0.1", port))]]
        monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: answers.pop())
        target = target_of(f"http://example.org:{port}/", trusted=True)
        monkeypatch.undo()
        from tools.web.http import Deadline, exchange

        reply = exchange(target, Deadline(10), most_bytes=10_000, headers={})
    assert (reply.status, asked) == (200, [f"GET / example.org:{port}"])


def test_pages_become_passages_with_title_and_date():
    """HTML, PDF and text are read by what they are, through a redirect; scripts are no text."""
    pdf = documents.pdf(["The first page.", "Zebras weigh 350 kg."])
    answers = {
        "/bees": page(ARTICLE),
        "/paper": page(pdf, "application/octet-stream", Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT"),
        "/moved": leads_to("/bees#part"),
        "/plain": page("One fact. " * 3_000, "text/plain"),
    }
    with site(answers) as (origin, _):
        reads = reader(origin)
        bees = reads.read(f"{origin}/moved")
        assert [(each.title, each.address, each.date) for each in bees.sources] == [
            ("Bees & honey", f"{origin}/bees", "2026-03-01")
        ]
        assert "40,000 bees" in bees.sources[0].text
        assert "alert" not in bees.sources[0].text
        paper = reads.read(f"{origin}/paper", "How heavy are zebras?")
        assert ("page 2", "2015-10-21") in [(each.where, each.date) for each in paper.sources]
        plain = reads.read(f"{origin}/plain")
        assert len(plain.sources) == 10
        assert "Of its 20 passages these 10" in plain.text


def test_hostile_sites_come_to_nothing():
    """Redirects inside, loops, floods, bombs, wrong types and robots' refusals are errors in words, and bounded."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as inside:
        answers = {
            "/robots.txt": page("User-agent: *\nDisallow: /secret\n", "text/plain"),
            "/secret/a": page(ARTICLE),
            "/local": leads_to("http://127.0.0.1/"),
            "/other-port": leads_to(f"http://127.0.0.1:{inside.getsockname()[1]}/"),
            "/metadata": leads_to("http://169.254.169.254/latest/meta-data/"),
            "/file": leads_to("file:///etc/passwd"),
            "/bad": leads_to("http://[::1"),
            "/loop": leads_to("/loop"),
            "/flood": endless,
            "/bomb": bomb(50_000_000),
            "/broken": page(b"no gzip", Content_Encoding="gzip"),
            "/brotli": page(b"x", Content_Encoding="br"),
            "/binary": page(bytes(range(256)) * 10, "text/html"),
            "/picture": page(documents.png(20, 20), "text/html"),
            "/empty": page(""),
            "/error": page("x", status=500),
            "/slow-head": trickle("head", stopped),
            "/slow-body": trickle("body", stopped),
        }
        expected = {
            "/secret/a": "robots", "/local": "private", "/other-port": "private|Port", "/metadata": "private",
            "/file": "http", "/bad": "not an address", "/loop": "more than 5", "/flood": "8 MB", "/bomb": "8 MB",
            "/broken": "broken", "/brotli": "packed", "/binary": "cannot be read", "/picture": "no text",
            "/empty": "empty", "/error": "500", "/missing": "404",
        }  # fmt: skip
        with site(answers) as (origin, asked):
            reads = reader(origin)
            for path, said in expected.items():
                outcome = reads.read(origin + path)
                assert outcome.sources == ()
                assert any(word in outcome.error for word in said.split("|")), (path, outcome.error)
            assert not [each for each in asked if "/secret" in each]
            assert len([each for each in asked if "/robots.txt" in each]) == 1
            hasty = reader(origin, within_s=0.5)
            for path in ("/slow-head", "/slow-body"):
                assert "did not arrive" in hasty.read(origin + path).error
            stopped.set()
        inside.settimeout(0)
        with pytest.raises(BlockingIOError):
            inside.accept()


@pytest.mark.parametrize(
    ("answer", "is_read"),
    [(page("", status=404), True), (page("", status=500), False), (leads_to("http://10.0.0.1/"), False),
     (page(b"\xff\0" * 400_000), True), (page("User-agent: Ponder\nDisallow: /\n"), False)],
)  # fmt: skip
def test_robots_that_cannot_be_had_forbid_and_missing_ones_allow(answer, is_read):
    """As RFC 9309 has it; a robots.txt never leads inside either."""
    with site({"/robots.txt": answer, "/": page(ARTICLE)}) as (origin, _):
        assert bool(reader(origin).read(f"{origin}/").sources) is is_read
