"""The pipeline: the same batches for every number of workers and processes, and after every restart."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest

from space_jax.config import DataConfig, Space1Config, Space2Config, Space3Config
from space_jax.dialogue.labels import FACTS
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.features.batch import count_tokens, measured_unlabelled
from space_jax.features.corpus_builder import prepare
from space_jax.features.example import Limits, stable_hash, without_labels
from space_jax.features.pipeline import Part, eval_batches, train_batches

LIMITS = Limits(max_turns=4, max_turn_tokens=8, tree_elements=3)
EXAMPLES = 24  # in each of the labelled and the unlabelled stream


def dialogue(number, annotated):
    """A dialogue with one example, `number % 5 + 2` words long, that can be told from its response."""
    words = " ".join(f"w{number}x{n}" for n in range(number % 5))
    frames = (Frame("hotel", "inform", (Slot("area", (Value("x", 0, 3),)),)),) if annotated else None
    acts = ("inform",) if annotated else None
    user = Turn(USER, f"ask {words} please", frames)
    return Dialogue(f"d{number}", (user, Turn(SYSTEM, f"answer{number}", frames, acts)))


@pytest.fixture(scope="module")
def folders(word_tokenizer, tmp_path_factory):
    """Two corpora; together 24 labelled, 24 unlabelled and 11 validation examples."""
    base = tmp_path_factory.mktemp("corpora")
    made = []
    for part, numbers in enumerate((range(0, 20), range(20, 48))):
        splits = {"train": [dialogue(n, annotated=n % 2 == 0) for n in numbers]}
        if part == 1:
            splits["validation"] = [dialogue(n, annotated=n % 2 == 0) for n in range(100, 111)]
        made.append(str(prepare(splits, word_tokenizer, base / str(part), LIMITS, name=str(part)).folder))
    return tuple(made)


@pytest.fixture(scope="module")
def data(folders):
    return DataConfig(
        prepared=folders,
        batch_size=8,
        context_length=24,
        response_length=12,
        examples_per_row=3,
        masked_per_row=24,
        tree_elements=2,
    )


def take(iterator, count):
    return list(itertools.islice(iterator, count))


def assert_same(batches, others):
    assert len(batches) == len(others)
    for a, b in zip(batches, others, strict=True):
        jax.tree.map(np.testing.assert_array_equal, a, b)


def examples_of(batch):
    """The examples of a batch `[A, ...]` in order: whose they are, how they are masked, whether they are labelled."""
    found = []
    for a, b in np.argwhere(batch.valid).tolist():
        row, slot = divmod(int(batch.slot[a, b]), batch.occupied.shape[-1])
        inside = batch.context.segments[a, row] == slot + 1
        found.append(
            (
                int(batch.dialogue[a, b]),
                tuple(batch.context.ids[a, row][inside].tolist()),
                tuple(batch.masked_ids[a, row][inside].tolist()),
                bool(batch.user_tree_known[a, b]),
            )
        )
    return found


def dialogues(batches):
    """The hash of each example's dialogue; every dialogue here has one example."""
    return [example[0] for batch in batches for example in examples_of(batch)]


def test_shapes_and_dtypes(data):
    (batch,) = take(train_batches(data, Space3Config(), seed=0, accumulate=2), 1)
    rows = batch.occupied.shape[1]
    assert rows in (1, 2, 3, 4)
    assert batch.context.ids.shape == batch.masked_ids.shape == (2, rows, 24)
    assert batch.response.ids.shape == (2, rows, 12)
    assert batch.negative.ids.shape == (2, rows, 0)
    assert batch.masked_positions.shape == batch.masked_weights.shape == (2, rows, 24)
    assert batch.user_tree.shape == (2, 4, 10, 2)
    assert batch.user_words.shape == (2, 4, 10)
    assert batch.acts.shape == (2, 4, 20)
    floats, bools = (
        {"masked_weights", "response_masked_weights", "acts"},
        {"occupied", "valid", "moved", *(f"{fact}_known" for fact in FACTS)},
    )
    for field in dataclasses.fields(batch):
        wanted = np.float32 if field.name in floats else np.bool_ if field.name in bools else np.int32
        for array in jax.tree.leaves(getattr(batch, field.name)):
            assert isinstance(array, np.ndarray)
            assert array.dtype == wanted, field.name


@pytest.mark.parametrize("share", [0.5, 0.25])
def test_every_batch_has_the_labelled_share(data, share):
    data = dataclasses.replace(data, labelled_share=share)
    for batch in take(train_batches(data, Space2Config(), seed=0), 5):
        assert batch.valid.all()
        assert batch.user_tree_known.sum() == share * 8
        assert (batch.acts.any(-1) == batch.acts_known).all()
        assert (batch.user_tree.any((-1, -2)) == batch.user_tree_known).all()


@pytest.mark.parametrize(("share", "labelled"), [(1.0, True), (0.0, False)])
def test_one_stream_alone(data, share, labelled):
    data = dataclasses.replace(data, labelled_share=share)
    batches = take(train_batches(data, Space2Config(), seed=0), 3)
    assert all((batch.user_tree_known == labelled).all() for batch in batches)
    assert len(set(dialogues(batches))) == EXAMPLES  # 3 batches of 8 are an epoch


def test_an_epoch_has_every_example_once_and_the_next_another_order(data):
    batches = take(train_batches(data, Space2Config(), seed=0), 12)  # two epochs of 48 examples
    first, second = dialogues(batches[:6]), dialogues(batches[6:])
    assert len(set(first)) == len(first) == 2 * EXAMPLES
    assert set(second) == set(first)
    assert second != first
    masks = [dict((e[0], e[2]) for b in part for e in examples_of(b)) for part in (batches[:6], batches[6:])]
    assert masks[0] != masks[1]
    assert dialogues(take(train_batches(data, Space2Config(), seed=1), 6)) != first


@pytest.mark.parametrize("recipe", [Space1Config(), Space3Config()], ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("accumulate", [1, 2])
def test_processes_together_see_the_batch_of_one(data, recipe, accumulate):
    whole = take(train_batches(data, recipe, 0), 7)
    parts = [take(train_batches(data, recipe, 0, accumulate, Part(process, 2)), 7) for process in range(2)]
    for step in range(7):
        by_process = [examples_of(part[step]) for part in parts]
        n = 8 // (2 * accumulate)
        together = [e for a in range(accumulate) for part in by_process for e in part[a * n : (a + 1) * n]]
        assert together == examples_of(whole[step])  # the same examples with the same masks in the same order


def test_an_uneven_share_is_met_over_processes_too(data):
    data = dataclasses.replace(data, labelled_share=0.3)
    whole = take(train_batches(data, Space2Config(), 0), 10)
    parts = [take(train_batches(data, Space2Config(), 0, 1, Part(process, 4)), 10) for process in range(4)]
    labelled = 0
    for step in range(10):
        assert [e for part in parts for e in examples_of(part[step])] == examples_of(whole[step])
        labelled += int(whole[step].user_tree_known.sum())
    assert labelled == 24


@pytest.mark.parametrize("accumulate", [1, 2])
def test_processes_agree_on_a_shape_of_the_ladder(data, accumulate):
    """The smallest that holds the batch of each; their examples stay, also where they move to other rows."""
    data = dataclasses.replace(data, batch_size=16, examples_per_row=4, row_ladder=(0.5, 1.0), grids=((0.25, 26, 14),))
    sources = [train_batches(data, Space3Config(), 0, accumulate, Part(process, 2)) for process in range(2)]
    seen, moved = set(), 0
    for _ in range(24):
        batches = [next(source) for source in sources]
        offers = np.array([source.offers(batch) for source, batch in zip(sources, batches, strict=True)])
        both = [source.agreed(batch, offers) for source, batch in zip(sources, batches, strict=True)]
        rungs = sources[0].grid.rungs
        assert {batch.shape for batch in both} == {rungs[offers.all(axis=0).argmax()]}
        for batch, before, own in zip(both, batches, offers, strict=True):
            assert rungs[own.argmax()] == before.shape
            assert examples_of(batch) == examples_of(before)
            moved += not batch.shape.covers(before.shape)
        seen.add(both[0].shape)
    assert len(seen) > 1
    assert moved  # otherwise this test shows less than it says


def test_one_process_agrees_with_itself(data):
    source = train_batches(data, Space3Config(), 0)
    batch = next(source)
    assert source.agreed(batch, np.array([source.offers(batch)])) is batch


def test_workers_do_not_change_the_stream(data):
    alone = take(train_batches(data, Space1Config(), seed=0, accumulate=2), 5)
    with_workers = train_batches(data, Space1Config(), seed=0, accumulate=2, workers=2)
    assert_same(take(with_workers, 5), alone)
    after = take(with_workers, 2)
    with_workers.seek(5)
    assert_same(take(with_workers, 2), after)
    with_workers.close()


def test_continuing_at_every_batch(data):
    batches = take(train_batches(data, Space1Config(), seed=0), 8)
    for position in range(8):
        restored = train_batches(data, Space1Config(), seed=0)
        restored.seek(position)
        assert_same(take(restored, 8 - position), batches[position:])


def test_micro_batches_share_a_rung_that_divides(data):
    seen = set()
    for batch in take(train_batches(data, Space3Config(), seed=0, accumulate=2, part=Part(row_multiple=2)), 12):
        seen.add(batch.occupied.shape[1])
        fullest = batch.occupied.any(-1).sum(-1).max()
        assert batch.occupied.shape[1] == (2 if fullest <= 2 else 4)
    assert seen <= {2, 4}


def test_negatives_are_responses_of_the_same_micro_batch(data):
    for batch in take(train_batches(data, Space1Config(), seed=0, accumulate=2), 3):
        for a in range(2):
            slots = batch.occupied.shape[-1]
            own, drawn = {}, {}
            for b, place in enumerate(batch.slot[a].tolist()):
                row, slot = divmod(place, slots)
                for grid, found in ((batch.response, own), (batch.negative, drawn)):
                    found[b] = tuple(grid.ids[a, row][grid.segments[a, row] == slot + 1].tolist())
            for b, negative in drawn.items():
                assert negative in own.values()
                assert negative != own[b]


def test_without_response_selection_there_are_no_negatives(data):
    recipe = Space1Config(as_released=True)
    train, held_out = train_batches(data, recipe, seed=0), eval_batches(data, recipe, ["validation"], seed=0, count=8)
    for batch in (next(train), next(iter(held_out))):
        assert batch.negative.ids.shape[1:] == (batch.occupied.shape[1], 0)
        assert count_tokens(batch) == sum(np.count_nonzero(grid.segments) for grid in (batch.context, batch.response))


def test_without_a_masked_language_model_nothing_is_masked(data):
    for batch in take(train_batches(data, Space1Config(), seed=0), 2):
        np.testing.assert_array_equal(batch.masked_ids, batch.context.ids)
        assert not batch.masked_weights.any()


def test_span_tokens_of_labelled_examples_are_masked(data):
    data = dataclasses.replace(data, labelled_share=1.0)
    for batch in take(train_batches(data, Space3Config(), seed=0), 3):
        for _, ids, masked, _ in examples_of(batch):
            # The span covers the characters 0 to 3, "ask", the first token after <sos_u>.
            assert masked == (ids[0], 2, *ids[2:])


def test_evaluation_is_fixed_and_fills_up_its_last_batch(data):
    batches = list(eval_batches(data, Space1Config(), ["validation"], seed=0, count=100, accumulate=2))
    assert [int(batch.valid.sum()) for batch in batches] == [8, 3]
    assert batches[1].valid.tolist() == [[True, True, True, False], [False] * 4]
    assert len(set(dialogues(batches))) == 11
    assert_same(list(eval_batches(data, Space1Config(), ["validation"], seed=0, count=100, accumulate=2)), batches)
    few = list(eval_batches(data, Space1Config(), ["validation"], seed=0, count=5))
    assert [int(batch.valid.sum()) for batch in few] == [5]
    assert dialogues(few) == dialogues(batches)[:5]


def spanned_dialogue(number):
    """A user turn of six words, whose three in the middle are the value of a slot."""
    value = Value("of three words", 7, 21)
    user = Turn(USER, f"please of three words now w{number}", (Frame("hotel", "inform", (Slot("area", (value,)),)),))
    return Dialogue(f"d{number}", (user, Turn(SYSTEM, f"answer{number}", (), ())))


def test_held_out_examples_measured_as_unlabelled_are_masked_like_them(data, word_tokenizer, tmp_path):
    annotated = [spanned_dialogue(number) for number in range(24)]
    masked = {}
    for name, dialogues in (("with", annotated), ("without", [without_labels(dialogue) for dialogue in annotated])):
        splits = {"train": dialogues[:1], "validation": dialogues}
        folder = prepare(splits, word_tokenizer, tmp_path / name, LIMITS, name=name).folder
        batches = eval_batches(
            dataclasses.replace(data, prepared=(str(folder),)), Space3Config(), ["validation"], seed=0, count=24
        )
        masked[name] = {identity: (ids, after) for batch in batches for identity, ids, after, _ in examples_of(batch)}
    assert masked["with"].keys() == masked["without"].keys()
    hidden = {identity for identity in masked["with"] if measured_unlabelled(identity)}
    assert 0 < len(hidden) < 24
    for identity, (ids, after) in masked["with"].items():
        # After <sos_u> and "please" come the three words of the span.
        whole_span = after[2:5] == (2, 2, 2)
        assert whole_span == (identity not in hidden)
        if identity in hidden:
            assert after == masked["without"][identity][1]
        else:
            assert after == (*ids[:2], 2, 2, 2, *ids[5:])


def test_evaluation_over_processes(data):
    (first, second) = eval_batches(data, Space3Config(), ["validation"], seed=0, count=11)
    parts = [list(eval_batches(data, Space3Config(), ["validation"], 0, 11, part=Part(p, 2))) for p in (0, 1)]
    assert [len(part) for part in parts] == [2, 2]
    for step, whole in enumerate((first, second)):
        assert [e for part in parts for e in examples_of(part[step])] == examples_of(whole)


def test_held_out_batches_lie_on_a_shape_of_the_ladder(data):
    """A rung is offered where it holds every batch; on those the batches have the same examples."""
    data = dataclasses.replace(
        data, row_ladder=(0.25, 1.0), grids=((0.5, 2 * data.context_length, data.response_length),)
    )
    batches = eval_batches(data, Space3Config(), ["validation"], seed=0, count=100)
    rungs, offers = batches.grid.rungs, batches.offers()
    assert offers[-1] == 1
    alone = list(batches)
    for rung, offered in zip(rungs, offers, strict=True):
        if offered:
            together = batches.on(rung)
            assert {batch.shape for batch in together} == {rung}
            assert [sorted(examples_of(batch)) for batch in together] == [sorted(examples_of(batch)) for batch in alone]
        else:
            with pytest.raises(AssertionError, match="in a grid of"):
                batches.on(rung)
    assert 0 in offers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prepared": ()}, r"data\.prepared: names no prepared corpus"),
        ({"prepared": ("nowhere",)}, "nowhere: no such folder"),
        ({"batch_size": 9}, r"data\.batch_size: 9 examples do not divide by 2 micro-batches"),
        ({"response_length": 9}, r"data\.response_length: 9 is too small"),
        ({"context_length": 9}, r"data\.context_length: 9 is too small"),
        ({"tree_elements": 4}, r"data\.tree_elements: 4 is more than the 3"),
    ],
)
def test_what_does_not_go_together_is_refused(data, change, message):
    with pytest.raises(UserError, match=message):
        train_batches(dataclasses.replace(data, **change), Space3Config(), seed=0, accumulate=2)


@pytest.mark.parametrize("recipe", [Space1Config(), Space2Config(), Space3Config()], ids=lambda recipe: recipe.name)
def test_a_corpus_without_annotation_trains_alone_and_beside_others_in_any_order(
    data, folders, recipe, word_tokenizer, tmp_path
):
    texts = [dialogue(number, annotated=False) for number in range(200, 212)]
    plain = prepare({"train": texts, "validation": texts}, word_tokenizer, tmp_path / "c", LIMITS, name="plain").folder
    alone = dataclasses.replace(data, prepared=(str(plain),), labelled_share=0.0)
    for batch in (
        next(train_batches(alone, recipe, seed=0)),
        next(iter(eval_batches(alone, recipe, ["validation"], seed=0, count=8))),
    ):
        assert batch.valid.all()
        assert not any(getattr(batch, f"{fact}_known").any() for fact in FACTS)
    for prepared in ((str(plain), folders[0]), (folders[0], str(plain))):
        batches = take(train_batches(dataclasses.replace(data, prepared=prepared), recipe, seed=0), 6)
        assert {int(batch.acts_known.sum()) for batch in batches} == {4}
        drawn = {stable_hash(one.id, 31) for one in texts} & set(dialogues(batches))
        assert len(drawn) == len(texts)


def partly(number):
    """A dialogue of which one thing is known: acts, the user's tree or the system's, by its number."""
    whole = dialogue(number, annotated=True)
    user, system = whole.turns
    known = number % 3
    return dataclasses.replace(
        whole,
        turns=(
            dataclasses.replace(user, frames=user.frames if known == 1 else None),
            dataclasses.replace(
                system, acts=system.acts if known == 0 else None, frames=system.frames if known == 2 else None
            ),
        ),
    )


@pytest.mark.parametrize(
    ("recipe", "labelled"),
    [(Space1Config(), {0}), (Space2Config(), {1}), (Space3Config(), {1, 2})],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_labelled_stream_has_what_the_recipe_learns_from(data, word_tokenizer, tmp_path, recipe, labelled):
    train = [partly(number) for number in range(24)]
    folder = prepare({"train": train}, word_tokenizer, tmp_path / "c", LIMITS, name="partly").folder
    numbers = {stable_hash(one.id, 31): number for number, one in enumerate(train)}
    for share, kinds in ((1.0, labelled), (0.0, {0, 1, 2} - labelled)):
        chosen = dataclasses.replace(data, prepared=(str(folder),), labelled_share=share)
        seen = {numbers[one] for one in dialogues(take(train_batches(chosen, recipe, seed=0), 3))}
        assert seen == {number for number in range(24) if number % 3 in kinds}


def test_an_absent_split_or_stream_is_refused(data, folders, word_tokenizer, tmp_path):
    without = dataclasses.replace(data, prepared=folders[:1])
    with pytest.raises(UserError, match="has examples in 'validation'"):
        eval_batches(without, Space3Config(), ["validation"], seed=0, count=4)
    prepare({"train": [dialogue(0, True)]}, word_tokenizer, tmp_path / "c", LIMITS, name="labelled only")
    with pytest.raises(UserError, match=r"labelled_share: 0.5 asks for unlabelled"):
        train_batches(dataclasses.replace(data, prepared=(str(tmp_path / "c"),)), Space3Config(), seed=0)


def test_corpora_of_two_tokenizers_are_refused(data, folders, tokenizer, tmp_path):
    prepare({"train": [dialogue(0, True)]}, tokenizer, tmp_path / "c", LIMITS, name="other")
    with pytest.raises(UserError, match="different tokenizers"):
        train_batches(dataclasses.replace(data, prepared=(*folders, str(tmp_path / "c"))), Space3Config(), seed=0)
