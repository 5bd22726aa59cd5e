"""The server through the clients that Ponder and its users have."""

import asyncio
import json
import urllib.request

import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI

from demo_model.check import answer_of

PROBLEM = "Use 3, 7, 12, 25 to make 58."
TAGGED = [
    {"role": "system", "content": "You solve one problem. End with a line “Answer: …”."},
    {"role": "user", "content": f"Use every number.\n\n<problem>\n{PROBLEM}\n</problem>"},
]


@pytest.fixture
def client(intern_url):
    with OpenAI(base_url=f"{intern_url}/v1", api_key="none", max_retries=0) as found:
        yield found


def ask(client, **options):
    options = {"messages": TAGGED, "max_tokens": 200, "seed": 1, **options}
    return client.chat.completions.create(model="intern", **options)


def test_openai_gets_a_working_that_ends_with_an_answer(client):
    """A reply has steps, a last line `Answer: …`, an honest usage and a finish reason."""
    reply = ask(client)
    assert reply.model == "intern"
    assert reply.choices[0].finish_reason == "stop"
    text = reply.choices[0].message.content
    assert set(answer_of(text)) <= set("0123456789+-*/() "), text
    assert answer_of(text)
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.completion_tokens > len(text.splitlines()) * 3


def test_text_around_the_tags_costs_nothing_and_changes_nothing(client):
    """Only what stands between the tags reaches the model."""
    plain = ask(client, messages=[{"role": "user", "content": PROBLEM}])
    tagged = ask(client)
    parts = ask(client, messages=[{"role": "user", "content": [{"type": "text", "text": PROBLEM}]}])
    assert plain.usage.prompt_tokens == tagged.usage.prompt_tokens == parts.usage.prompt_tokens
    assert plain.choices[0].message.content == tagged.choices[0].message.content


def test_a_later_message_without_a_problem_keeps_the_problem(client):
    """A follow-up such as “check it again” is still about the tagged problem."""
    more = [
        *TAGGED,
        {"role": "assistant", "content": "Answer: 1"},
        {"role": "user", "content": "Check it again."},
    ]
    assert ask(client, messages=more).usage.prompt_tokens == ask(client).usage.prompt_tokens


def test_a_seed_repeats_and_another_seed_differs(client):
    """Sampling follows the seed, and temperature 0 needs none."""
    texts = [
        ask(client, seed=seed, temperature=1).choices[0].message.content for seed in (5, 5, *range(6, 16))
    ]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 3
    cold = {ask(client, seed=seed, temperature=0).choices[0].message.content for seed in range(4)}
    assert len(cold) == 1


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_both_names_of_the_limit_are_kept(client, name):
    """The reply stops at the limit and says so."""
    reply = client.chat.completions.create(model="intern", messages=TAGGED, **{name: 7})
    assert reply.usage.completion_tokens == 7
    assert reply.choices[0].finish_reason == "length"


def test_a_stop_text_ends_the_reply(client):
    """The reply ends before the stop text."""
    reply = ask(client, stop=["\n"])
    assert "\n" not in reply.choices[0].message.content
    assert reply.choices[0].finish_reason == "stop"


def test_a_stream_holds_the_same_text_and_its_usage(client):
    """Streaming gives the reply in pieces, then its usage."""
    whole = ask(client, temperature=0)
    pieces = list(ask(client, temperature=0, stream=True, stream_options={"include_usage": True}))
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert text == whole.choices[0].message.content
    assert pieces[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert {piece.model for piece in pieces} == {"intern"}


async def test_sixteen_at_a_time_all_get_answers(intern_url):
    """Sixteen concurrent requests, three rounds of them, all come back whole."""
    options = {"model": "intern", "messages": TAGGED, "max_tokens": 200}
    async with (
        AsyncOpenAI(base_url=f"{intern_url}/v1", api_key="none", max_retries=0) as client,
        asyncio.TaskGroup() as group,
    ):
        calls = [
            group.create_task(client.chat.completions.create(seed=seed, **options)) for seed in range(48)
        ]
    replies = [call.result() for call in calls]
    assert all(reply.choices[0].finish_reason == "stop" for reply in replies)
    assert len({reply.choices[0].message.content for reply in replies}) > 8


async def test_litellm_gets_an_answer(intern_url):
    """The engine's client reads text, usage and finish reason."""
    import litellm

    reply = await litellm.acompletion(
        model="openai/intern",
        api_base=f"{intern_url}/v1",
        api_key="none",
        messages=TAGGED,
        max_completion_tokens=200,
        temperature=1.0,
        num_retries=0,
    )
    assert answer_of(reply.choices[0].message.content)
    assert reply.usage.completion_tokens > 10


def test_the_model_is_listed_and_health_is_good(intern_url):
    """`/v1/models` names the model; `/health` answers 200."""
    with urllib.request.urlopen(f"{intern_url}/v1/models") as reply:
        assert [entry["id"] for entry in json.load(reply)["data"]] == ["intern"]
    with urllib.request.urlopen(f"{intern_url}/health") as reply:
        assert reply.status == 200


def test_another_models_name_is_refused(client):
    """A request for a model that is not here says which one is."""
    with pytest.raises(NotFoundError, match="only the model 'intern'"):
        client.chat.completions.create(model="gpt-5", messages=TAGGED)


def test_a_prompt_beyond_the_context_is_refused_with_its_size(client):
    """Too long a prompt is the caller's error, and the message says the limit."""
    with pytest.raises(BadRequestError, match="takes at most 768"):
        ask(client, messages=[{"role": "user", "content": "word " * 5_000}])
