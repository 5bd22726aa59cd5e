"""Setting a thought apart from the reply, whole and in pieces."""

import pytest

from demo_model.reasoning import Splitter, Stream, split

WHOLE = "<think>12 + 7 = 19, not 58\n3 < 4 </thin k></think>\n7 + 3 = 10\nAnswer: 7 + 3"


def test_a_thought_and_the_reply_after_it_are_set_apart():
    """The tags and the white space between them belong to neither."""
    assert split(WHOLE) == ("12 + 7 = 19, not 58\n3 < 4 </thin k>", "7 + 3 = 10\nAnswer: 7 + 3")


@pytest.mark.parametrize(
    "text", ["", " ", "<", "Answer: 1", "a <think>b</think>", "<thinking> no", "<<think>"]
)
def test_a_text_without_a_thought_at_its_beginning_is_left_as_it_is(text):
    """Only a thought at the very beginning counts."""
    assert split(text) == ("", text)


@pytest.mark.parametrize(
    "text", ["<think>12 + 7", "<think>", "<think></think", "<think>a</think>", "\n<think>a"]
)
def test_a_thought_that_was_cut_short_leaves_no_reply(text):
    """A model that ran out of tokens while thinking has said nothing."""
    assert split(text).said == ""
    assert "<think>" not in split(text).thought


@pytest.mark.parametrize(
    "text", [WHOLE, "<think>a<b</think>c", "no thought </think> here", "<think>cut </thi"]
)
def test_pieces_of_any_size_give_the_same(text):
    """A stream may be cut anywhere, in the middle of a tag too."""
    for size in range(1, 12):
        splitter = Splitter()
        parts = [splitter.feed(text[at : at + size]) for at in range(0, len(text), size)]
        parts.append(splitter.end())
        assert ("".join(p.thought for p in parts), "".join(p.said for p in parts)) == split(text)


def test_events_carry_the_thought_as_reasoning_content():
    """The last event of a reply flushes what may have been a tag; an event with usage alone passes."""
    stream = Stream()
    pieces = ["<thi", "nk>one ", "</th", "ink>two <"]
    events = [stream.parted({"choices": [{"delta": {"content": piece}}]}) for piece in pieces]
    events.append(stream.parted({"choices": [{"delta": {}, "finish_reason": "stop"}]}))
    events.append(stream.parted({"choices": [], "usage": {}}))
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "one " == stream.thought
    assert "".join(delta.get("content", "") for delta in deltas) == "two <"
