"""Mixture files: the four of the package hold what they should, and a mistake is named with file and field."""

import json

import pytest

from space_jax.corpora.mixtures.description import HIDDEN, Deduplication, Guard, MixtureSource
from space_jax.corpora.mixtures.files import is_mixture, mixture_names, read_mixture
from space_jax.corpora.registry import CORPORA
from space_jax.errors import UserError

FOUR = ["anpredial", "unida", "unidial", "unpredial"]


def test_the_four_mixtures_are_there():
    assert mixture_names() == FOUR
    for name in FOUR:
        mixture = read_mixture(name)
        assert mixture.name == name
        assert is_mixture(name)
        hidden = {source.annotation == HIDDEN for source in mixture.sources}
        assert hidden == {name.startswith("un") and name != "unida"}, name


@pytest.mark.parametrize("name", FOUR)
def test_every_corpus_with_a_test_split_is_guarded(name):
    guard = read_mixture(name).guard
    not_benchmarks = {"simulated", "jsonl", "dailydialog", "taskmaster4", "taskmaster3_part", "sparc", "cosql"}
    assert set(guard.benchmarks) | set(guard.leave_out) == set(CORPORA) - not_benchmarks
    for source in read_mixture(name).sources:
        assert source.splits == ("train",)
        assert source.corpus not in guard.leave_out


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        """
name = "mine"
description = "two sources"
held_out = 0
[guard]
benchmarks = ["kvret"]
same_ids = [["multiwoz21", "multiwoz20_single"]]
[[sources]]
corpus = "jsonl"
name = "calls"
folder = "calls.jsonl"
proportion = 2
options = { on_error = "skip" }
[[sources]]
corpus = "simulated"
annotation = "hidden"
cap_turns = 40
"""
    )
    mixture = read_mixture(path)
    assert mixture.sources == (
        MixtureSource("jsonl", "calls", "calls.jsonl", proportion=2, options={"on_error": "skip"}),
        MixtureSource("simulated", "simulated", annotation="hidden", cap_turns=40),
    )
    assert mixture.guard == Guard(("kvret",), same_ids=(("multiwoz21", "multiwoz20_single"),))
    assert mixture.deduplication == Deduplication()
    assert [source.name for source in mixture.without(("calls",)).sources] == ["simulated"]
    assert mixture.leaving_out(("woz2", "kvret")).guard.leave_out == ("woz2", "kvret")


def test_json_is_read_too(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"name": "a", "description": "b", "sources": [{"corpus": "simulated"}]}))
    assert read_mixture(path).sources == (MixtureSource("simulated", "simulated"),)


GOOD = {"name": "a", "description": "b", "sources": [{"corpus": "simulated"}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": []}, "field sources: expected sources with different names, found none"),
        ({"sources": [{"corpus": "simulated"}] * 2}, "field sources: .* found one twice"),
        ({"few": {"sgd": "10"}}, "field few: expected one of simulated, found 'sgd'"),
        ({"few": {"simulated": 10}}, "field few.simulated: expected a text such as '10'"),
        ({"few": "10"}, "field few: expected a table, found '10'"),
        ({"sources": [{}]}, r"field sources\[0\].corpus: expected a text, found nothing"),
        ({"sources": ["sgd"]}, r"field sources\[0\]: expected a table, found 'sgd'"),
        ({"sources": [{"corpus": "sdg"}]}, r"field sources\[0\].corpus: expected one of simulated, .* found 'sdg'"),
        ({"sources": [{"corpus": "sgd", "split": "train"}]}, r"field sources\[0\]: expected one of .* found 'split'"),
        ({"sources": [{"corpus": "sgd", "splits": ["dev"]}]}, r"sources\[0\].splits: expected one of train"),
        ({"sources": [{"corpus": "sgd", "splits": "train"}]}, r"sources\[0\].splits: expected a list, found 'train'"),
        ({"sources": [{"corpus": "sgd", "splits": [1]}]}, r"sources\[0\].splits: expected a list of texts"),
        ({"sources": [{"corpus": "sgd", "annotation": "no"}]}, "annotation: expected one of kept, hidden, found 'no'"),
        ({"sources": [{"corpus": "sgd", "options": {"x": 1}}]}, "options: expected one of none, found 'x'"),
        ({"sources": [{"corpus": "sgd", "proportion": 0}]}, "proportion: expected a positive number, found 0"),
        ({"sources": [{"corpus": "sgd", "cap_turns": 1.5}]}, "cap_turns: expected a whole number, found 1.5"),
        ({"sources": [{"corpus": "sgd", "name": "a/b"}]}, "name: expected a name without '/'"),
        ({"held_out": 1}, "field held_out: expected at least 0 and below 1, found 1"),
        ({"deduplication": {"near": 2.0}}, "field deduplication.near: expected a number from 0 to 1, found 2.0"),
        ({"deduplication": {"exact": 1}}, "field deduplication.exact: expected true or false, found 1"),
        ({"guard": []}, "field guard: expected a table"),
        ({"guard": {"benchmarks": ["squad"]}}, "field guard.benchmarks: expected one of simulated"),
        ({"guard": {"content_words": 0}}, "field guard.content_words: expected at least 1, found 0"),
        ({"guard": {"same_ids": ["sgd"]}}, "field guard.same_ids: expected a list of lists of texts"),
        ({"weights": []}, "mine.json: expected one of name, .* found 'weights'"),
    ],
)
def test_mistakes_are_named(tmp_path, change, message):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**GOOD, **change}))
    with pytest.raises(UserError, match=message) as caught:
        read_mixture(path)
    assert str(path) in str(caught.value)


def test_files_that_are_not_mixtures(tmp_path):
    with pytest.raises(UserError, match=r"nowhere.toml: no such file of a mixture; this package has anpredial"):
        read_mixture(tmp_path / "nowhere.toml")
    for name, kind in (("a.toml", "TOML"), ("a.json", "JSON")):
        (tmp_path / name).write_text("{")
        with pytest.raises(UserError, match=f"{name}: expected {kind}, found it damaged"):
            read_mixture(tmp_path / name)
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(UserError, match=r"list.json: expected a table, found \[\]"):
        read_mixture(tmp_path / "list.json")


def test_names_that_a_mixture_does_not_have():
    with pytest.raises(UserError, match=r"--without squad: not a source of unidial, which has dailydialog"):
        read_mixture("unidial").without(("squad",))
    with pytest.raises(UserError, match="unidial has no source left"):
        read_mixture("unidial").without(tuple(source.name for source in read_mixture("unidial").sources))
    with pytest.raises(UserError, match="corpus 'squad' is not known"):
        read_mixture("unidial").leaving_out(("squad",))
