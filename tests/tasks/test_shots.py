"""Few-shot subsets: balanced, the same for the same seed, published and read back."""

import collections
import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.config_files import load_config
from space_jax.corpora import source_files
from space_jax.corpora.mixtures.description import Mixture, MixtureSource
from space_jax.corpora.options import parse_option
from space_jax.corpora.registry import corpus
from space_jax.errors import UserError
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.registry import task_class
from space_jax.tasks.shots import TARGETS, choose, ids_text, select, subsets_of, take, wanted, write_ids


class Record:
    def __init__(self, number, *labels):
        self.id, self.labels = f"r{number}", labels


def strata(record):
    return record.labels


RECORDS = [Record(n, "abc"[n % 3]) for n in range(30)] + [Record(30, "rare"), Record(31)]


@given(st.integers(0, 100))
def test_a_subset_has_k_of_each_class(seed):
    chosen = choose(RECORDS, strata, "4", seed)
    assert collections.Counter(record.labels for record in chosen) == {("a",): 4, ("b",): 4, ("c",): 4, ("rare",): 1}
    assert [record.id for record in choose(RECORDS, strata, "4", seed)] == [record.id for record in chosen]
    assert chosen == sorted(chosen, key=RECORDS.index)


def test_seeds_differ():
    assert len({tuple(r.id for r in choose(RECORDS, strata, "4", seed)) for seed in range(5)}) == 5


def test_a_share_is_of_each_class():
    assert len(choose(RECORDS, strata, "10%", 0)) == 4
    assert [wanted("10%", n) for n in (1, 14, 16, 100)] == [1, 1, 2, 10]
    assert wanted("100%", 7) == 7


@given(st.integers(0, 50))
def test_records_of_several_classes_give_every_class_enough(seed):
    records = [Record(0, "a", "b"), Record(1, "a"), Record(2, "b"), Record(3, "b", "c"), Record(4, "c"), Record(5, "a")]
    counts = collections.Counter(label for record in choose(records, strata, "2", seed) for label in record.labels)
    assert all(counts[label] >= 2 for label in "abc")


@pytest.mark.parametrize("text", ["0", "-1", "ten", "101%", "0%", "1.5"])
def test_other_words_are_refused(text):
    with pytest.raises(UserError, match=f"shots: '{text}' is neither a number"):
        wanted(text, 5)


def test_ids_are_published_and_read_back(tmp_path):
    path, chosen = tmp_path / "shots.json", choose(RECORDS, strata, "2", 3)
    write_ids(path, chosen, "2", 3)
    assert select(RECORDS, path) == chosen
    path.write_text(json.dumps([record.id for record in reversed(chosen)]))
    assert select(RECORDS, path) == chosen
    with pytest.raises(UserError, match="no training record has the id 'r0'"):
        select(RECORDS[3:], write(path, ["r0", "r5"]))
    for damaged in ("{", "[]", '{"ids": 3}', "[1]"):
        path.write_text(damaged)
        with pytest.raises(UserError, match=r"--shots .*shots\.json"):
            select(RECORDS, path)


def write(path, value):
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize(
    ("config", "shots"),
    [
        ("banking77.py:few", "10"),
        ("clinc150.py:few", "10"),
        ("hwu64.py:few", "10"),
        ("restaurant8k.py", "10%"),
        ("dstc8.py", "10%"),
        ("top.py", "5%"),
    ],
)
def test_a_mixture_keeps_the_subset_that_fine_tuning_takes(shared_data, config, shots):
    """The ids that the build keeps, and the text of their file, against what the fine-tuning configuration reads."""
    wanted_run = load_config(f"configs/finetune/{config}", {}, FinetuneConfig)
    data, kind = wanted_run.data, task_class(wanted_run.task.name)
    assert TARGETS[data.corpus] == wanted_run.task.name
    folder = shared_data / "data" / source_files.folder_of(data.corpus)
    records = kind.read_split(wanted_run.task, dataclasses.replace(data, source=str(folder)), "train")
    theirs = [record.id for record in take(records, kind.strata, shots, 3)]
    options = dict(parse_option(text, corpus(data.corpus)) for text in data.options)
    source = MixtureSource(data.corpus, "mine", options=options)
    ours = subsets_of(Mixture("m", "", (source,), few={"mine": shots}, few_seed=3), shared_data / "data")
    assert ours == {"mine": theirs}
    assert 0 < len(theirs) < len(records)


def test_a_subset_of_a_file_is_that_of_its_ids(tmp_path):
    (tmp_path / "mine.json").write_text(ids_text(["r3", "r1"], "2", 0))
    assert [record.id for record in take(RECORDS, strata, str(tmp_path / "mine.json"), 9)] == ["r1", "r3"]
    assert take(RECORDS, strata, "4", 5) == choose(RECORDS, strata, "4", 5)


def test_a_corpus_that_no_task_takes_few_of_is_refused(tmp_path):
    mixture = Mixture("m", "", (MixtureSource("simulated", "simulated"),), few={"simulated": "10"})
    with pytest.raises(UserError, match="few: simulated has no few-shot subsets; banking77, clinc150"):
        subsets_of(mixture, None)
