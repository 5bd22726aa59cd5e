"""Odd requests: each is refused with a message, or answered; the server keeps serving."""

import asyncio
import io
import json
import random

import aiohttp
import pytest

USER = {"role": "user", "content": "Use 3, 7, 12, 25 to make 58."}
FINE = {"messages": [USER], "max_tokens": 4}
DEEP = "[" * 5_000 + "]" * 5_000

BAD_BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\x00",
    b"\xff\xfe",
    b"{'messages': []}",
    DEEP.encode(),
    b'{"messages": ' + DEEP.encode() + b"}",
    b"[" * 200_000,
    bytes(range(256)),
    b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
]
BAD_FIELDS = {
    "messages": [None, [], {}, "text", [1], [None], [[]], [{}], [{"role": "user"}], [USER] * 501]
    + [
        [{"role": "user", "content": odd}]
        for odd in (None, 1, {}, [1], [{"type": "image_url"}], [{"type": "text"}])
    ]
    + [[{"role": odd, "content": "x"}] for odd in ("robot", 1, None, [], "assistant", "system")],
    "max_tokens": [-1, 0, 1.5, "5", True, [], {}],
    "max_completion_tokens": [-7, 0, "x", False],
    "temperature": [-0.1, 3, "hot", True, [], float("nan"), float("inf")],
    "top_p": [-1, 2, "x", {}, float("nan")],
    "seed": ["x", 1.5, [], True],
    "stop": [1, [""], [1], ["x"] * 9, {}, "y" * 201, ["\ud800"]],
    "n": [0, 2, "x", -1],
    "stream": ["yes", 1, []],
    "model": ["gpt", 1, [], ""],
}
ODD_TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "😀" * 150,
    "".join(chr(code) for code in range(256)),
    "<|end|><|answer|><|problem|>",
    "<problem></problem>",
    "</problem><problem>",
    "<problem>" * 50,
    "{{ messages }}{% raw %}",
    "\u202e\u2066 right to left",
    "Use 999999999999999999999999, 0, -5 to make 1e400.",
    random.Random(1).randbytes(300).decode("latin-1"),
]


def bodies() -> list[bytes]:
    found = list(BAD_BODIES)
    for name, values in BAD_FIELDS.items():
        found += [json.dumps({**FINE, name: value}).encode() for value in values]
    for name in ("max_tokens", "temperature"):
        found.append(f'{{"messages": [{json.dumps(USER)}], "{name}": {"9" * 5_000}}}'.encode())
    return found


async def post(session, url, body):
    async with session.post(f"{url}/v1/chat/completions", data=io.BytesIO(body)) as reply:
        return reply.status, json.loads(await reply.text())


async def assert_serves(session, url):
    status, reply = await post(session, url, json.dumps({**FINE, "max_tokens": 60, "seed": 1}).encode())
    assert status == 200
    assert reply["choices"][0]["message"]["content"]


async def test_more_than_a_hundred_malformed_requests_are_each_told_why(intern_url):
    """Each gets a 4xx with a message in JSON, one after the other and then all at once."""
    asked = bodies()
    assert len(asked) > 70
    async with aiohttp.ClientSession() as session:
        for body in asked:
            status, reply = await post(session, intern_url, body)
            assert 400 <= status < 500, (body[:200], status)
            assert len(reply["error"]["message"]) > 10
        await assert_serves(session, intern_url)
        replies = await asyncio.gather(*(post(session, intern_url, body) for body in asked))
        assert all(400 <= status < 500 for status, _reply in replies)
        await assert_serves(session, intern_url)


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
async def test_odd_texts_are_answered(intern_url, text):
    """Any text, with every byte value, control token names and template code, is only text."""
    async with aiohttp.ClientSession() as session:
        body = {**FINE, "messages": [{"role": "user", "content": text}]}
        status, reply = await post(session, intern_url, json.dumps(body).encode())
        assert status == 200, reply
        assert reply["usage"]["completion_tokens"] <= 4


@pytest.mark.parametrize(("size", "expected"), [(100_000, 400), (900_000, 400), (1_100_000, 413)])
async def test_huge_prompts_are_refused(intern_url, size, expected):
    """100 kB is longer than the context; beyond a megabyte nothing is read."""
    async with aiohttp.ClientSession() as session:
        body = {**FINE, "messages": [{"role": "user", "content": "12 word " * (size // 8)}]}
        status, reply = await post(session, intern_url, json.dumps(body).encode())
        assert (status, "error" in reply) == (expected, True)
        await assert_serves(session, intern_url)


async def test_a_huge_message_around_a_short_problem_is_answered(intern_url):
    """Only the problem's text counts towards the context."""
    text = f"{'rules ' * 15_000}<problem>\n{USER['content']}\n</problem>{' more' * 1_000}"
    async with aiohttp.ClientSession() as session:
        body = {**FINE, "messages": [{"role": "user", "content": text}]}
        status, reply = await post(session, intern_url, json.dumps(body).encode())
        assert (status, reply["usage"]["prompt_tokens"] < 30) == (200, True)


async def test_callers_who_hang_up_do_not_block_the_others(intern_url):
    """Forty abandoned requests leave the slots free."""
    async with aiohttp.ClientSession() as session:
        timeout = aiohttp.ClientTimeout(total=0.02)
        for _ in range(40):
            try:
                body = json.dumps({"messages": [{"role": "user", "content": "hello"}]})
                async with session.post(
                    f"{intern_url}/v1/chat/completions", data=body, timeout=timeout
                ) as reply:
                    await reply.read()
            except TimeoutError:
                pass
        await assert_serves(session, intern_url)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/embeddings", 404),
        ("GET", "/slots", 404),
        ("GET", "/", 404),
    ],
)
async def test_other_addresses_say_what_there_is(intern_url, method, path, status):
    """Only three addresses exist; llama.cpp's own ones are not reachable."""
    async with aiohttp.ClientSession() as session, session.request(method, f"{intern_url}{path}") as reply:
        assert reply.status == status
        assert (await reply.json())["error"]["message"]
