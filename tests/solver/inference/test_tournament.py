"""Tournaments: who is best, how sure that is, and who meets next."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.inference.tournament import (
    Comparison,
    is_decided,
    most_comparisons,
    next_pairs,
    standings,
)


@st.composite
def tournaments(draw: st.DrawFn) -> tuple[int, list[Comparison]]:
    entrants = draw(st.integers(2, 16))
    sides = st.lists(st.integers(0, entrants - 1), min_size=2, max_size=2, unique=True)
    told = [
        Comparison(a, b, draw(st.sampled_from([a, b, None])), draw(st.sampled_from([1.0, 2.0, 3.0])))
        for a, b in draw(st.lists(sides, max_size=40))
    ]
    return entrants, told


def play(entrants: int, preferred, slots: int) -> list[Comparison]:
    """Play a whole tournament; `preferred(first, second)` says who is better."""
    told: list[Comparison] = []
    while pairs := next_pairs(entrants, told):
        told += [Comparison(a, b, preferred(a, b)) for a, b in pairs[:slots]]
    return told


@settings(max_examples=40)
@given(tournaments())
def test_reversing_every_comparison_turns_the_strengths_around(tournament):
    """Who lost everything that another won stands as far below as the other above; chances sum to one."""
    entrants, told = tournament
    turned = [
        each._replace(winner=None if each.winner is None else each.first + each.second - each.winner)
        for each in told
    ]
    there = {each.index: each for each in standings(entrants, told)}
    back = {each.index: each for each in standings(entrants, turned)}
    for index, each in there.items():
        assert each.strength == pytest.approx(-back[index].strength, abs=1e-6)
        assert each.won + back[index].won <= each.compared
    assert sum(each.chance_best for each in there.values()) == pytest.approx(1.0)


@settings(max_examples=25)
@given(st.integers(2, 16), st.randoms(use_true_random=False), st.integers(2, 16))
def test_a_condorcet_winner_wins_and_no_pair_meets_twice(entrants, chance, slots):
    """Who is preferred to everybody comes first, within the promised comparisons, each pair once in each order."""
    rank = chance.sample(range(entrants), entrants)
    told = play(entrants, lambda a, b: a if rank[a] < rank[b] else b, slots=slots)
    shown = [each[:2] for each in told]
    assert standings(entrants, told)[0].index == rank.index(0)
    assert len(set(shown)) == len(shown) <= most_comparisons(entrants)
    assert most_comparisons(entrants) <= max(12, entrants * math.ceil(math.log2(entrants)))
    if len(told) < most_comparisons(entrants):
        assert all((b, a) in shown for a, b in shown)


def test_a_split_by_order_is_a_draw():
    """A judge that always prefers the first place has said nothing, whatever margins it named."""
    one, other = standings(2, [Comparison(0, 1, 0, 3.0), Comparison(1, 0, 1, 1.0)])
    assert one.strength == other.strength == pytest.approx(0.0)
    assert one.chance_best == pytest.approx(0.5)
    assert (one.won, one.compared) == (1, 2)


def test_a_margin_a_second_order_and_a_seed_each_make_surer():
    """Clearly better says more than slightly; both orders more than one; and what was known before counts."""
    lone = [Comparison(0, 1, 0)]
    both = [*lone, Comparison(1, 0, 0)]
    far = [each._replace(margin=3.0) for each in both]
    sure = [standings(2, told)[0].chance_best for told in ([], lone, both, far)]
    assert sure == sorted(set(sure))
    assert standings(2, [], seeds=[0.0, 1.0])[0].index == 1
    assert is_decided(2, far, 0.85)
    assert not is_decided(2, lone, 0.85)
    assert is_decided(1, [], 0.99)


def test_the_leaders_meet_first_and_who_is_busy_waits():
    """Pairs come in both orders, the leaders' first; a comparison in flight keeps its two out of new pairs."""
    assert next_pairs(4, []) == [(0, 1), (1, 0), (2, 3), (3, 2)]
    assert next_pairs(4, [], in_flight=[(0, 1), (1, 0)]) == [(2, 3), (3, 2)]
    assert next_pairs(4, [Comparison(0, 1, 0)], in_flight=[(2, 3), (3, 2)]) == [(1, 0)]
    first_round = [Comparison(a, b, min(a, b)) for a, b in next_pairs(4, [])]
    assert next_pairs(4, first_round)[:2] == [(0, 2), (2, 0)]
    assert next_pairs(1, []) == next_pairs(0, []) == []


def test_a_noisy_judge_mostly_finds_the_best():
    """With a judge that is right in four of five, the best of eight is found in most of the tournaments."""
    chance, hits = random.Random(7), 0
    for _ in range(20):
        best = chance.randrange(8)

        def preferred(a: int, b: int, best: int = best) -> int:
            right, wrong = (a, b) if a == best or (b != best and a < b) else (b, a)
            return right if chance.random() < 0.8 else wrong

        hits += standings(8, play(8, preferred, slots=8))[0].index == best
    assert hits >= 11
