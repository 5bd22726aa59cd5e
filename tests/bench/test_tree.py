"""What treequest is given to search with: the same world, every call paid."""

from bench.accuracy.tree import Search
from solver.simulation.world import RIGHT, cards


def test_every_call_of_the_other_search_is_paid():
    """A try costs, a revision costs, and where no checker knows, so does the grade of each."""
    model = cards()[0].name
    spent = {}
    for is_checkable in (True, False):
        search = Search(3, is_checkable=is_checkable)
        root, _ = search.generator(model)(None)
        alone = search.spent_nano
        search.generator(model)(root)
        assert search.spent_nano > alone > 0
        spent[is_checkable] = search.spent_nano
    assert spent[False] > spent[True]


def test_its_reward_is_the_checkers_verdict_where_there_is_one():
    """One for the right answer, else nothing."""
    for seed in range(5):
        for card in cards():
            node, reward = Search(seed, is_checkable=True).generator(card.name)(None)
            assert reward == float(node.answer == RIGHT)
