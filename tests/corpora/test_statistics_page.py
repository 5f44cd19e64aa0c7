"""The page with charts: it needs nothing else, all text is escaped, and the numbers of the report are in it."""

import html.parser
import json

import pytest

from space_jax.cli import main
from space_jax.corpora.charts import bars, columns
from space_jax.corpora.statistics import collect
from space_jax.corpora.statistics_page import statistics_page
from space_jax.dialogue import Dialogue, Frame, Slot, Turn, Value, write_jsonl

EVIL = '<script>alert("x")</script>'


class Reader(html.parser.HTMLParser):
    """Tags with their attributes, and whether every opened one is closed."""

    VOID = ("meta", "rect", "line")

    def __init__(self, page):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page():
    frame = Frame(EVIL, "inform", (Slot("a&b", (Value("x"),)),))
    dialogues = [Dialogue("d", (Turn("user", "two words", (frame,), ("inform",)), Turn("system", "", (), ())))]
    report = collect(dialogues).as_json()
    report["unmapped"] = {"frames_share": 0.25}
    counts = {"turn_tokens": {"0": 1, "2": 1}, "context_tokens": {"4": 1}, "response_tokens": {"2": 1}}
    padding = {"batch_size": 16, "packed": 0.125, "packed_tightest": 0.1, "to_longest": 0.5, "fixed": 0.75}
    report["tokens"] = {"tokens": {"user": 1234567}, **counts, "padding": [padding]}
    return statistics_page(f"mine {EVIL}", report)


def test_the_page_needs_nothing_else_and_escapes_all_text(page):
    read = Reader(page)
    assert read.open == []
    assert {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object"} == set()
    assert not [attrs for _, attrs in read.tags if {"src", "href"} & attrs.keys()]
    assert "url(" not in page
    assert EVIL not in page
    assert "&lt;script&gt;" in page


def test_a_mixture_shows_its_sources_and_what_is_not_annotated_has_no_empty_charts():
    report = collect([Dialogue("d", (Turn("user", "two words"), Turn("system", "one")))]).as_json()
    counts = {"read": 9, "dropped by the guard": 1, "exact duplicates": 2, "near duplicates": 3, "entries": 4}
    page = statistics_page("mine", {**report, "sources": {"a/train": counts, "b/train": counts}})
    assert "a/train: 4" in page
    assert "read 18, dropped by the guard 2, exact duplicates 4, near duplicates 6." in page
    assert "No turn is annotated." in page
    assert "Views of the semantic tree" not in page
    assert "values with a span" not in page


def test_charts_have_titles_and_the_page_fits_a_phone(page):
    tags = Reader(page).tags
    charts = [attrs for tag, attrs in tags if tag == "svg"]
    assert charts
    assert all(attrs["role"] == "img" and attrs["aria-label"] and "viewbox" in attrs for attrs in charts)
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in tags


def test_the_numbers_of_the_report_are_there(page):
    for said in ("1,234,567", "25.0%", "12.5%", "75.0%", "Padding with 16 examples a batch", "a&amp;b: 1"):
        assert said in page


def widths(svg):
    return [float(attrs["width"]) for tag, attrs in Reader(svg).tags if tag == "rect"]


def test_bars_are_in_proportion():
    full, quarter, none = widths(bars("t", {"a": 200, "b": 50, "c": 0}))
    assert (quarter, none) == (full / 4, 0)
    assert widths(bars("t", {"a": 0.5}, percent=True)) == [full / 2]


def test_columns_put_the_last_percent_together():
    counts = {length: 100 for length in range(100)} | {5000: 1}
    svg = columns("t", counts, "turns")
    rects = [attrs for tag, attrs in Reader(svg).tags if tag == "rect"]
    assert len(rects) <= 40
    assert "and more turns: " in svg
    assert "0 to 2 turns: 300" in svg
    assert Reader(columns("t", {}, "turns")).open == []


def test_the_command_writes_a_page_and_json(tmp_path, capsys):
    turns = (Turn("user", "in the east", (Frame("hotel", "inform"),), ("inform",)), Turn("system", "fine"))
    write_jsonl(tmp_path / "train.jsonl", [Dialogue("a", turns)])
    unused = [f"[unused{number}]" for number in range(40)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *unused, "in", "the", "east", "fine"]
    (tmp_path / "vocab.txt").write_text("\n".join(pieces))
    arguments = ["--source", str(tmp_path / "train.jsonl"), "--tokenizer", str(tmp_path / "vocab.txt")]
    page = tmp_path / "pages" / "it.html"
    command = ["data", "stats", "jsonl", *arguments, "--batch-size", "2", "--html", str(page)]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tokens"]["tokens"] == {"user": 3, "system": 1}
    assert [row["batch_size"] for row in report["tokens"]["padding"]] == [2]
    assert report["unmapped"]["turns_without_acts"] == {"user": 0}
    assert "Tokens of a context" in page.read_text()
    assert [path.name for path in page.parent.iterdir()] == ["it.html"]
    assert main(command) == 0
    assert "padding, batches of 2" in capsys.readouterr().out
    assert main([*command, "--batch-size", "0"]) == 2
    assert "--batch-size: 0 is not at least 1" in capsys.readouterr().err
