"""The whole evaluation on the small world, and on the published predictions."""

import pytest

from space_jax.errors import UserError
from space_jax.evaluation.multiwoz import evaluate, parse_predictions, read_benchmark, read_predictions


@pytest.fixture
def score(source):
    benchmark = read_benchmark(source)
    return lambda content, **options: evaluate(parse_predictions(content, "p.json"), benchmark, **options)


def test_goals_reached(score, good):
    report = score(good)
    assert (report.inform, report.success) == (100, 100)
    assert report.inform_by_domain == {"restaurant": 100, "taxi": 100, "train": 100}
    assert (report.dialogues, report.turns, report.missing) == (2, 5, ())
    assert report.domain_source == "states"
    assert report.turns_without_state == 0
    assert report.combined == report.bleu + 100
    assert not any(report.unresolved.values())


def test_references_as_responses(score):
    responses = {
        "sng0001": [
            "The [restaurant_name] is in the [value_area].",
            "It is booked , reference [restaurant_reference].",
        ],
        "mul0002": [
            "which day do you want to travel?",
            "[train_id] leaves at [value_time] .",
            "a taxi comes, call [phone]",
        ],
    }
    responses["mul0002"][2] += "."
    report = score({name: [{"response": text} for text in texts] for name, texts in responses.items()})
    assert report.bleu == pytest.approx(100)
    assert report.turns_without_state == 5
    assert report.to_json()["states"] == "annotated"
    assert report.domain_source == "placeholders"
    assert (report.inform, report.success) == (50, 0)  # the restaurant is named before the annotated state has it


def test_one_turn_without_a_state_and_the_annotated_ones_replace_all(score, good):
    good["sng0001"][0]["state"] = {"restaurant": {"food": "chinese"}}
    assert score(good).inform == 50
    del good["mul0002"][2]["state"]
    report = score(good)
    assert report.turns_without_state == 1
    assert report.inform_by_domain["train"] == 100
    assert report.inform_by_domain["restaurant"] == 0  # annotated only from the second turn on


def test_missing_dialogues_are_left_out(score, good):
    first = score({"sng0001": good["sng0001"]})
    assert (first.inform, first.success, first.dialogues, first.missing) == (100, 100, 1, ("mul0002",))
    assert list(first.success_by_domain) == ["restaurant"]
    assert first.to_json()["missing_dialogues"] == ["mul0002"]


def test_active_domains_given(score, good):
    for turns in good.values():
        for turn in turns:
            turn["active_domains"] = ["hotel"]
    assert score(good).domain_source == "given"
    assert score(good).inform == 0
    assert score(good, domain_source="states").inform == 100
    del good["sng0001"][0]["active_domains"]  # one turn without them, and they are estimated for all
    assert score(good).domain_source == "states"


def test_a_dialogue_that_informs_but_tells_too_little(score, good):
    good["sng0001"][0]["response"] = "[value_name] is good ."
    report = score(good)
    assert (report.inform, report.success) == (100, 50)
    assert report.success_by_domain == {"restaurant": 0, "taxi": 100, "train": 100}


def test_what_could_not_be_resolved(score, good):
    good["sng0001"][0] |= {"response": "[value_nmae] [value_nmae]", "states": {}}
    good["sng0001"][1]["state"] = {"bus": {"day": "monday"}, "restaurant": {"stars": "4", "name": "nowhere at all"}}
    good["mul0002"][0]["state"] = {"train": {"leave": "soon", "arrive": "dontcare", "people": "3"}}
    assert score(good).unresolved == {
        "placeholders": {"value_nmae": 2},
        "fields": {"states": 1},
        "domains": {"bus": 1},
        "slots": {"restaurant-stars": 1},
        "values": {"restaurant-name: nowhere at all": 1, "train-leave: soon": 1},
    }


def test_dialogues_of_another_length_are_scored_over_the_turns_that_both_have(score, good):
    whole = score(good)
    assert (whole.shorter, whole.longer) == (0, 0)
    shorter = score({**good, "mul0002": good["mul0002"][:2]})  # the taxi's number is not given any more
    assert (shorter.shorter, shorter.longer, shorter.turns) == (1, 0, 4)
    assert (shorter.inform, shorter.success, shorter.success_by_domain["taxi"]) == (100, 50, 0)
    surplus = {"response": "[value_name] [value_reference]", "state": {"restaurant": {"food": "chinese"}}}
    longer = score({**good, "sng0001": [*good["sng0001"], surplus]})
    assert (longer.shorter, longer.longer) == (0, 1)
    assert (longer.turns, longer.bleu, longer.inform, longer.success) == (5, whole.bleu, 100, 100)
    without_states = {name: [{"response": turn["response"]} for turn in turns] for name, turns in good.items()}
    assert score({**without_states, "sng0001": without_states["sng0001"][:1]}).turns == 4
    assert score({**good, "sng0001": []}).shorter == 1


def test_unknown_dialogues_are_refused(score, good):
    with pytest.raises(UserError, match=r"p\.json: dialogue sng9 is not one of the 2 test dialogues"):
        score({**good, "sng9": []})


@pytest.fixture(scope="module")
def benchmark(shared_data):
    return read_benchmark(shared_data / "data")


@pytest.mark.slow
def test_what_the_test_file_holds(benchmark):
    goals = [(domain, goal) for dialogue in benchmark.dialogues.values() for domain, goal in dialogue.goals.items()]
    counts = {domain: sum(domain == other for other, _ in goals) for domain, _ in goals}
    assert counts == {"train": 495, "restaurant": 437, "attraction": 396, "hotel": 394, "taxi": 195}
    requested = {(domain, slot) for domain, goal in goals for slot in goal.requested}
    wanted = {
        pair: sum(pair[0] == domain and pair[1] in goal.requested for domain, goal in goals) for pair in requested
    }
    assert wanted == {
        **{("restaurant", slot): n for slot, n in (("REFERENCE", 275), ("PHONE", 81), ("ADDRESS", 85), ("POST", 81))},
        **{("hotel", slot): n for slot, n in (("REFERENCE", 234), ("PHONE", 63), ("ADDRESS", 44), ("POST", 52))},
        **{("attraction", slot): n for slot, n in (("PHONE", 163), ("ADDRESS", 152), ("POST", 151))},
        **{("train", "REFERENCE"): 252, ("train", "TRAINID"): 72, ("taxi", "PHONE"): 195},
    }


PUBLISHED = [
    ("ubar", None, 83.4, 70.3, 17.6, [92.4, 83.8, 89.9, 100.0, 92.5], [71.5, 68.8, 74.1, 77.4, 81.0]),
    ("soloist", None, 82.3, 72.4, 13.6, [85.6, 90.1, 88.1, 100.0, 92.7], [68.4, 76.4, 74.1, 85.1, 80.6]),
    ("soloist", "states", 81.7, 67.1, 13.6, [84.3, 88.6, 88.8, 100.0, 92.5], [67.7, 71.6, 70.0, 81.0, 78.4]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("system", "domain_source", "inform", "success", "bleu", "informs", "successes"), PUBLISHED)
def test_published_predictions(
    shared_data, benchmark, system, domain_source, inform, success, bleu, informs, successes
):
    path = shared_data / "data" / "multiwoz_eval" / "predictions" / f"{system}.json.gz"
    figures = evaluate(read_predictions(path), benchmark, domain_source).to_json()
    assert (figures["inform"], figures["success"]) == (inform, success)
    assert figures["bleu"] == pytest.approx(bleu, abs=0.15)
    assert list(figures["inform_by_domain"]) == ["attraction", "hotel", "restaurant", "taxi", "train"]
    assert list(figures["inform_by_domain"].values()) == informs
    assert list(figures["success_by_domain"].values()) == successes


@pytest.mark.slow
def test_published_richness(shared_data, benchmark):
    folder = shared_data / "data" / "multiwoz_eval" / "predictions"
    for system, length, entropy, words, trigrams in (
        ("ubar", 13.54, 2.10, 478, 5238),
        ("soloist", 18.45, 2.41, 615, 7923),
    ):
        measures = evaluate(read_predictions(folder / f"{system}.json.gz"), benchmark).richness
        assert measures["mean_length"] == pytest.approx(length, abs=0.005)
        assert measures["conditional_bigram_entropy"] == pytest.approx(entropy, abs=0.005)
        assert measures["unigrams"] == pytest.approx(words, abs=2)
        assert measures["trigrams"] == pytest.approx(trigrams, abs=2)


@pytest.mark.slow
def test_wizards_reach_most_goals_with_annotated_states(shared_data, benchmark):
    """The references themselves: 93.7 and 90.9 in the benchmark's table, there with the states of MultiWOZ 2.2."""
    # Placeholders of references have lost their brackets, and `evaluate` wants them.
    content = {
        name: [{"response": _bracketed(text)} for text in dialogue.references]
        for name, dialogue in benchmark.dialogues.items()
    }
    report = evaluate(parse_predictions(content, "corpus"), benchmark)
    assert report.bleu > 99
    assert report.domain_source == "states"
    assert report.inform == pytest.approx(93.7, abs=3)
    assert report.success == pytest.approx(90.9, abs=3)


def _bracketed(text):
    words = {"POST": "postcode", "PLACE": "destination", "COUNT": "choice", "TRAINID": "trainid"}
    return " ".join(
        f"[{words.get(word.strip('.,?!'), word.strip('.,?!').lower())}] {word[-1] if word[-1] in '.,?!' else ''}"
        if word.strip(".,?!").isupper()
        else word
        for word in text.split()
    )
