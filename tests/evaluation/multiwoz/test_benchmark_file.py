"""What scores without the corpus: the same benchmark, from one small file."""

import gzip
import json
import shutil

import pytest

from space_jax.errors import UserError
from space_jax.evaluation.multiwoz import VERSION, evaluate, read_benchmark, read_predictions, write_prepared
from space_jax.evaluation.multiwoz.predictions import parse_predictions


@pytest.fixture
def prepared(source, tmp_path):
    """The folder that was made of the small world, which is gone."""
    write_prepared(source, tmp_path / "out" / "prepared")
    shutil.rmtree(source)
    return tmp_path / "out" / "prepared"


@pytest.fixture
def changed(prepared):
    """Writes the file again, changed."""

    def write(change):
        file = prepared / "multiwoz_benchmark.json.gz"
        content = json.loads(gzip.decompress(file.read_bytes()))
        change(content)
        file.write_bytes(gzip.compress(json.dumps(content).encode()))
        return prepared

    return write


def test_the_same_benchmark(source, tmp_path, good):
    direct = read_benchmark(source)
    file = write_prepared(source, tmp_path / "out")
    again = read_benchmark(tmp_path / "out")
    assert again.dialogues == direct.dialogues
    assert list(again.dialogues) == list(direct.dialogues)
    # Domains are estimated from states by the order of these.
    assert [list(state) for state in again.dialogues["mul0002"].states] == [["train"], ["train"], ["taxi", "train"]]
    assert again.database.columns == direct.database.columns
    predictions = parse_predictions(good, "p.json")
    assert evaluate(predictions, again) == evaluate(predictions, direct)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [file.name]


def test_the_same_source_makes_the_same_file(source, tmp_path):
    first, second = (write_prepared(source, tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_an_unpacked_file(prepared):
    packed = prepared / "multiwoz_benchmark.json.gz"
    expected = read_benchmark(prepared).dialogues
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert read_benchmark(prepared).dialogues == expected


def test_the_file_of_another_version(changed):
    with pytest.raises(UserError, match=rf"version {VERSION} of the evaluation, found '0\.9'; rebuild it"):
        read_benchmark(changed(lambda content: content.update(version="0.9")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("dialogues"), "field dialogues: expected dict, found nothing"),
        (lambda c: c["dialogues"]["sng0001"]["states"].pop(), "sng0001: expected as many states .* found 1 and 2"),
        (lambda c: c["dialogues"]["sng0001"].update(references=[1, 2]), "field references: expected a list of strings"),
        (lambda c: c["dialogues"]["sng0001"]["states"].append(3), "expected as many states"),
        (lambda c: c["dialogues"]["sng0001"].update(states=[{}, 3]), "field states: expected an object of domains"),
        (lambda c: c["dialogues"]["sng0001"].update(states=[{}, {"taxi": {"day": 3}}]), "expected slots with strings"),
        (lambda c: c["dialogues"]["sng0001"]["goals"].update(taxi={}), "goal taxi: field requested: expected list"),
        (lambda c: c["database"].pop("hotel"), "field hotel: expected list, found nothing"),
        (lambda c: c["database"].update(hotel=[{"name": "x"}]), "database hotel: entry 0: field id: expected str"),
    ],
)
def test_what_is_wrong_is_named(changed, change, message):
    with pytest.raises(UserError, match=message):
        read_benchmark(changed(change))


def test_a_damaged_file(prepared):
    file = prepared / "multiwoz_benchmark.json.gz"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(UserError, match=r"multiwoz_benchmark\.json\.gz: expected a gzip file, found a damaged one"):
        read_benchmark(prepared)


def test_a_corpus_of_tokens_is_no_benchmark(tmp_path):
    (tmp_path / "examples").mkdir()
    (tmp_path / "corpus.json").write_text("{}")
    with pytest.raises(UserError, match=r"corpus of tokens .* `space-jax multiwoz-eval --source DIR --prepare OUT`"):
        read_benchmark(tmp_path)


@pytest.mark.slow
def test_the_published_figures_from_the_prepared_file(shared_data, tmp_path):
    source = shared_data / "data"
    assert write_prepared(source, tmp_path).stat().st_size < 1_500_000
    direct, again = read_benchmark(source), read_benchmark(tmp_path)
    assert again.dialogues == direct.dialogues
    for system in ("ubar", "soloist"):
        predictions = read_predictions(source / "multiwoz_eval" / "predictions" / f"{system}.json.gz")
        assert evaluate(predictions, again) == evaluate(predictions, direct)
