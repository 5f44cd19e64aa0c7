"""Every corpus fills the views of the tree whose levels it has, and no others."""

import itertools

import pytest

from space_jax.corpora.unify import unified
from space_jax.dialogue.trees import VIEWS, tree_views
from tests.corpora.real import FOLDERS, real_dialogues

ALL = set(VIEWS)
# Intents of these corpora are those of an utterance, and have no slots; or slots stand in a frame without an intent.
INTENTS_ONLY = {"D", "I", "DI"}
SLOTS_APART = {"D", "I", "S", "V", "DI", "SV"}  # NLU++ does not say which intent a slot belongs to
# A system turn asks for slots (request), the user's spans are in frames without an intent.
SPANS = ALL - {"ISV", "DISV"}

FILLED = dict.fromkeys(
    (
        *("sgd", "multiwoz21", "multiwoz20_single", "camrest676", "kvret", "woz2", "sim_m", "sim_r", "star"),
        *("multidogo", "topv2"),
    ),
    ALL,
) | {
    "banking77": INTENTS_ONLY,
    "clinc150": INTENTS_ONLY,
    "hwu64": INTENTS_ONLY,
    "nlupp": SLOTS_APART,
    "restaurant8k": SPANS,
    "dstc8_span": SPANS,
    **{name: set() for name in ("babi5", "babi6", "dailydialog", "taskmaster4", "taskmaster3_part")},
}
SLOW = {"star", "dailydialog", "multiwoz21"}


def test_every_corpus_of_files_is_here():
    assert set(FILLED) == set(FOLDERS)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in FILLED])
def test_views_that_have_their_levels_are_filled(shared_data, name):
    filled = set()
    for dialogue in itertools.islice(real_dialogues(shared_data, name), 400):
        for turn in unified(dialogue, name).turns:
            filled |= {view for view, elements in zip(VIEWS, tree_views(turn.frames), strict=True) if elements}
    assert filled == FILLED[name]
