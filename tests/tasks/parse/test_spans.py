import pytest

from space_jax.dialogue.parse_tree import parse, to_text
from space_jax.tasks.parse.spans import kinds, spans_of, tree_of

TREES = [
    "[IN:A play ]",
    "[IN:A play [SL:B [IN:C the [SL:D blue ] one ] ] now ]",
    "[IN:A [SL:B [IN:C x ] ] ]",
    "[IN:A [SL:B a ] [SL:B b ] c ]",
    "[IN:A [SL:B a [IN:C b [SL:D c d ] ] ] ]",
]


@pytest.mark.parametrize("text", TREES)
def test_there_and_back(text):
    tree = parse(text)
    words = [token for token in text.split(" ") if token[0] not in "[]"]
    assert to_text(tree_of(spans_of(tree), words)) == text


def test_chains_by_hand():
    assert spans_of(parse(TREES[1])) == {(0, 5): "IN:A", (1, 4): "SL:B IN:C", (2, 3): "SL:D"}
    assert spans_of(parse(TREES[2])) == {(0, 1): "IN:A SL:B IN:C"}


def test_a_node_without_words_is_left_out():
    assert spans_of(parse("[IN:A x [SL:B ] y ]")) == {(0, 2): "IN:A"}


def test_kinds():
    assert kinds("IN:A") == (1, 1)
    assert kinds("SL:A IN:B") == (0, 1)
    assert kinds("IN:A SL:B") == (1, 0)


@pytest.mark.parametrize("spans", [{(0, 2): "IN:A"}, {(0, 3): "IN:A", (0, 2): "SL:B", (1, 3): "SL:C"}, {}])
def test_what_is_no_tree(spans):
    with pytest.raises(ValueError, match="span"):
        tree_of(spans, ["a", "b", "c"])
