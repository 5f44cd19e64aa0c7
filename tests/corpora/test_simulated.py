"""The simulated corpus as records: determinism, streaming, spans, acts, belief states, delexicalised text, variety."""

import collections
import itertools
import re

import pytest

from space_jax.corpora.simulated import BRISK, DOMAINS, GENERAL, episodes, simulate
from space_jax.corpora.simulated.spellings import spellings
from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.record import SYSTEM, USER

SEED = 11
GOLDEN = (
    "Hi there! Could you call me a wheelchair-friendly taxi from St Anne's Hospital to the "
    "central library at 11 am, please?",
    "Hello and welcome. I can send you a silver Ford Tourneo.",
)


@pytest.fixture(scope="module")
def corpus():
    return list(episodes(SEED, 500))


@pytest.fixture(scope="module")
def turns(corpus):
    return [turn for one in corpus for turn in one.dialogue.turns]


def _values(turn):
    return [(frame, slot, value) for frame in turn.frames for slot in frame.slots for value in slot.values]


def test_a_dialogue_depends_on_seed_and_number_only(corpus):
    dialogues = [one.dialogue for one in corpus]
    assert list(simulate(SEED, 5)) == dialogues[:5]
    assert list(simulate(SEED, 5, start=3)) == dialogues[3:8]
    assert list(simulate(SEED + 1, 5)) != dialogues[:5]
    assert [one.id for one in dialogues[:2]] == ["sim-11-0", "sim-11-1"]
    assert len({one.id for one in dialogues}) == len(dialogues)


def test_a_brisk_clerk_serves_the_same_users_in_fewer_turns(corpus):
    brisk = list(episodes(SEED, len(corpus), manner=BRISK))
    for one, patient in zip(brisk, corpus, strict=True):
        assert one.goal == patient.goal
        assert one.dialogue.turns[0] == patient.dialogue.turns[0]
    assert sum(one.success for one in brisk) > sum(one.success for one in corpus)
    assert sum(len(one.dialogue.turns) for one in brisk) < sum(len(one.dialogue.turns) for one in corpus)


def test_users_ask_about_the_chosen_domains_only(corpus):
    two = list(episodes(SEED, 200, domains=("hotel", "restaurant")))
    asked = [{goal.domain for goal in one.goal.domains} for one in two]
    assert set().union(*asked) == {"hotel", "restaurant"}
    assert {"hotel", "restaurant"} in asked
    frames = {frame.domain for one in two for turn in one.dialogue.turns for frame in turn.frames}
    assert frames <= {"hotel", "restaurant", GENERAL}
    assert list(episodes(SEED, 5, domains=tuple(DOMAINS))) == corpus[:5]
    assert len(next(episodes(SEED, 1, domains=("taxi",))).goal.domains) == 1


def test_streams_without_end(corpus):
    stream = simulate(SEED, None, start=100)
    assert list(itertools.islice(stream, 3)) == [one.dialogue for one in corpus[100:103]]


def test_first_dialogue_stays_as_it_is():
    # The words of a released corpus must not change unnoticed; change this text only on purpose.
    first, second = next(simulate(0, 1)).turns[:2]
    assert (first.text, second.text) == GOLDEN


def test_speakers_alternate_and_the_system_closes(corpus):
    for one in corpus:
        roles = [turn.role for turn in one.dialogue.turns]
        assert roles == [USER, SYSTEM] * (len(roles) // 2)
        assert 4 <= len(roles) <= 24
        assert all("bye" in turn.acts for turn in one.dialogue.turns[-2:])


def test_every_span_holds_its_value(turns):
    located = 0
    for turn in turns:
        for _, _, value in _values(turn):
            if value.start is not None:
                assert turn.text[value.start : value.end] == value.text
                located += 1
            else:  # only a report that nothing matches may leave the values unsaid
                assert turn.acts[-1] in ("notify_failure", "direct") or "notify_failure" in turn.acts
    assert located > 5000


def test_acts_are_unified_and_nearly_all_occur(turns):
    used = collections.Counter(act for turn in turns for act in turn.acts)
    assert set(used) <= set(ACTS)
    assert set(ACTS) - set(used) == set()
    assert all(len(set(turn.acts)) == len(turn.acts) > 0 for turn in turns)
    assert sum(len(turn.acts) > 1 for turn in turns) > len(turns) / 4


def test_frames_name_the_acts_and_the_slots_of_the_schema(turns):
    told = {"count", "name", "reference", "leave", "arrive", "cinema", "start"}
    for turn in turns:
        assert {frame.intent for frame in turn.frames} == set(turn.acts)
        for frame in turn.frames:
            if frame.domain == GENERAL:
                assert frame.slots == ()
                continue
            domain = DOMAINS[frame.domain]
            assert {slot.name for slot in frame.slots} <= {*domain.informable, *domain.facts, *told}


def test_belief_state_grows_and_holds_what_was_informed(corpus):
    for one in corpus:
        before = {}
        for turn in one.dialogue.turns:
            if turn.role == SYSTEM:
                assert turn.state is None
                continue
            for domain, slots in before.items():
                assert set(slots) - {"name"} <= set(turn.state.get(domain, {}))
            for frame in turn.frames:
                for slot in frame.slots if frame.intent in ("inform", "not_sure") else ():
                    assert slot.name in turn.state[frame.domain]
            changed = {(d, s) for d in turn.state for s, v in turn.state[d].items() if before.get(d, {}).get(s) != v}
            said = {(frame.domain, slot.name) for frame in turn.frames for slot in frame.slots}
            assert {(d, s) for d, s in changed if s != "name"} <= said
            before = turn.state


def test_state_values_are_canonical(turns):
    seen = collections.Counter()
    for turn in turns:
        for domain, slots in (turn.state or {}).items():
            for slot, (value,) in slots.items():
                if slot in DOMAINS[domain].search:
                    assert value in (*DOMAINS[domain].search[slot], "dontcare")
                    seen[value == "dontcare"] += 1
    assert seen[True] > 100
    spellings = {value.text.lower() for turn in turns for _, slot, value in _values(turn) if slot.name == "price"}
    assert {"cheap", "inexpensive", "moderately priced", "mid-range", "upmarket"} <= spellings


def test_delexicalised_text_holds_placeholders_in_place_of_all_values(turns):
    for turn in turns:
        located = sorted({(v.start, v.end, f.domain, s.name) for f, s, v in _values(turn) if v.start is not None})
        expected, last = "", 0
        for start, end, domain, slot in located:
            expected += turn.text[last:start] + f"[{domain}_{slot}]"
            last = end
        if len(located) == turn.delexicalised.count("["):
            assert turn.delexicalised == expected + turn.text[last:]
        bare = re.sub(r"\[[a-z_]+\]", "_", turn.delexicalised)
        assert not re.search(r"\d", bare)
        for _, slot, value in _values(turn):
            if slot.name in ("name", "reference", "phone", "address", "postcode", "food", "price"):
                assert not re.search(rf"\b{re.escape(value.text)}\b", bare)


def test_words_are_tidy(turns):
    for turn in turns:
        assert turn.text == turn.text.strip()
        assert not re.search(r"  | [,.?!]|[{}<>|\[\]~]|,\.|\ba [aeioAEIO]|\ban [^aeiouAEIOU]", turn.text), turn.text


def test_the_world_is_varied(corpus, turns):
    domains = collections.Counter(goal.domain for one in corpus for goal in one.goal.domains)
    assert set(domains) == set(DOMAINS)
    assert 0.3 < sum(len(one.goal.domains) > 1 for one in corpus) / len(corpus) < 0.7
    failures = [frame for turn in turns for frame in turn.frames if frame.intent == "notify_failure"]
    bookings = [f for f in failures if f.slots and {s.name for s in f.slots} <= set(DOMAINS[f.domain].booking)]
    assert len(bookings) > 20
    assert len(failures) - len(bookings) > 20
    for role in (USER, SYSTEM):
        texts = [turn.text for turn in turns if turn.role == role]
        assert len(set(texts)) / len(texts) > 0.7


def test_what_is_remembered_of_values_is_bounded(corpus):
    """Every booking has a reference of its own, so a million dialogues would fill the memory with them."""
    assert spellings.cache_info().maxsize is not None
