"""Confidence in the answers of real models, to which nothing was fitted."""

from bench.confidence.real_tries import measure


def test_the_shipped_priors_are_as_sure_of_real_answers_as_they_may_be():
    """Where it says at least 90 %, at least 88 % are right, and it does say so of a good part of the right ones."""
    figures = measure(quick=True)
    assert figures["ece"] <= 0.08
    assert figures["sure_right"] >= 0.88
    assert figures["sure"] >= 0.2 * figures["right"] * figures["problems"]
