"""`space-jax multiwoz-eval`."""

import json

import pytest

from space_jax.cli import main


@pytest.fixture
def evaluated(source, good, tmp_path):
    """Runs the command on predictions; gives its status."""
    path = tmp_path / "[my] predictions.json"
    path.write_text(json.dumps(good))

    def run(*options, content=None):
        if content is not None:
            path.write_text(content)
        return main(["multiwoz-eval", str(path), "--source", str(source), *options])

    return run


def test_json_and_a_file(evaluated, tmp_path, capsys):
    assert evaluated("--json", "--out", str(tmp_path / "report.json")) == 0
    out, err = capsys.readouterr()
    figures = json.loads(out)
    assert err == ""
    assert list(figures)[:4] == ["inform", "success", "bleu", "combined"]
    assert (figures["inform"], figures["success"]) == (100.0, 100.0)
    assert figures["combined"] == pytest.approx(figures["bleu"] + 100)
    assert figures["version"] == "1.0"
    assert json.loads((tmp_path / "report.json").read_text()) == figures
    assert not list(tmp_path.glob(".*"))


def test_tables(evaluated, good, capsys):
    del good["mul0002"]
    good["sng0001"][0] = {"response": "[x] [hotel_name]", "state": {"r\x9b": {"a": "b"}}}
    assert evaluated(content=json.dumps(good)) == 0
    out = capsys.readouterr().out
    assert "[my] predictions.json" in out
    assert "multiwoz-eval 1.0: 1 dialogues, 2 system turns" in out
    assert "states: as predicted" in out
    assert "missing: 1 test dialogues, left out of every figure: mul0002" in out
    assert "not resolved, placeholders: 1 different, 1 times: x (1)" in out
    assert "not resolved, domains: 1 different, 1 times: r\\u009b (1)" in out


def test_where_active_domains_are_from(evaluated, capsys):
    assert evaluated("--active-domains", "placeholders") == 0
    assert "active domains: read off placeholders" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["{", "[]", '{"x": []}', '{"sng0001": [{"response": 1}]}'])
def test_mistakes_are_one_sentence(evaluated, content, capsys):
    assert evaluated(content=content) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("space-jax: ")
    assert "predictions.json: " in err
    assert err.count("\n") == 1


def test_missing_files_and_folders(evaluated, source, tmp_path, capsys):
    assert evaluated("--out", str(tmp_path / "no" / "report.json")) == 2
    assert "--out: expected an existing folder" in capsys.readouterr().err
    assert main(["multiwoz-eval", str(tmp_path / "none.json"), "--source", str(source)]) == 2
    assert "none.json: cannot be read (No such file or directory)" in capsys.readouterr().err
    assert main(["multiwoz-eval", str(tmp_path / "[my] predictions.json"), "--source", str(tmp_path)]) == 2
    assert "expected multiwoz21/test.json" in capsys.readouterr().err


def test_the_same_figures_without_the_corpus(evaluated, source, tmp_path, capsys):
    assert evaluated("--json") == 0
    expected = capsys.readouterr().out
    assert main(["multiwoz-eval", "--source", str(source), "--prepare", str(tmp_path / "small")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "small" / "multiwoz_benchmark.json.gz")
    predictions = str(tmp_path / "[my] predictions.json")
    assert main(["multiwoz-eval", predictions, "--source", str(tmp_path / "small"), "--json"]) == 0
    assert capsys.readouterr().out == expected


def test_predictions_or_a_folder_to_make(evaluated, source, tmp_path, capsys):
    assert main(["multiwoz-eval", "--source", str(source)]) == 2
    assert evaluated("--prepare", str(tmp_path / "small")) == 2
    assert capsys.readouterr().err.count("expected either a file of predictions or --prepare OUT") == 2
    assert not (tmp_path / "small").exists()
