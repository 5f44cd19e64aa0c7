"""The page with charts: it needs nothing else, all text is escaped, and the numbers of the report are in it."""

import html
import html.parser
import json
import re

import pytest

from space_jax.cli import main
from space_jax.corpora.charts import bars, columns, ticks_up_to
from space_jax.corpora.statistics import collect
from space_jax.corpora.statistics_page import statistics_page
from space_jax.dialogue import Dialogue, Frame, Slot, Turn, Value, write_jsonl

EVIL = '<script>alert("x")</script>'


class Reader(html.parser.HTMLParser):
    """Tags with their attributes, and whether every opened one is closed."""

    VOID = ("meta", "rect", "line", "wbr")

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


def text_of(page):
    """What a reader sees."""
    return html.unescape(re.sub("<[^>]*>", " ", page.replace("<wbr>", "")))


def test_a_mixture_shows_its_sources_and_what_is_not_annotated_has_no_empty_charts():
    report = collect([Dialogue("d", (Turn("user", "two words"), Turn("system", "one")))]).as_json()
    counts = {"read": 9, "dropped by the guard": 1, "exact duplicates": 2, "near duplicates": 3, "entries": 4}
    page = statistics_page("mine", {**report, "sources": {"a/train": counts, "b/train": counts}})
    assert cells(page)[:2] == [("a/train", "4"), ("b/train", "4")]
    assert "read 18, dropped by the guard 2, exact duplicates 4, near duplicates 6." in page
    assert "No turn is annotated." in page
    assert "What turns say" not in page
    assert "Values found in the text" not in page


def test_charts_have_titles_and_the_page_fits_a_phone(page):
    tags = Reader(page).tags
    charts = [attrs for tag, attrs in tags if tag == "svg"]
    assert charts
    assert all(attrs["role"] == "img" and attrs["aria-label"] and "viewbox" in attrs for attrs in charts)
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in tags


def test_the_numbers_of_the_report_are_there(page):
    for said in ("1,234,567", "25.0%", "12.5%", "75.0%", "Padding with 16 examples a batch"):
        assert said in page
    assert ("a&b", "1") in cells(page)
    assert "Half have at most 0, the longest 2." in text_of(page)
    assert "All 1 dialogues have 2 turns." in text_of(page)


def test_intents_have_what_was_said(page):
    assert "inform 1 turn two words" in " ".join(text_of(page).split())


def test_rare_labels_are_named_and_common_ones_are_not():
    def turn(intent):
        return Turn("user", f"I want {intent}", (Frame("shop", intent),))

    names = ["often"] * 10 + ["seldom"] * 9 + [f"once_{letter}" for letter in "abcdefghijklmno"]
    report = collect([Dialogue(str(n), (turn(name),)) for n, name in enumerate(names)]).as_json()
    (warning,) = [line for line in text_of(statistics_page("mine", report)).splitlines() if "fewer than" in line]
    assert "16 of 17 intents occur in fewer than 10 turns" in warning
    assert "once_a (1), once_b (1)" in warning
    assert "and 4 more" in warning
    assert "often" not in warning
    folded = statistics_page("mine", collect([Dialogue(str(n), (turn(f"i{n}"),)) for n in range(30)]).as_json())
    assert "<summary>5 rarer ones</summary>" in folded


def widths(svg):
    return [float(attrs["width"]) for tag, attrs in Reader(svg).tags if tag == "rect"]


def cells(page):
    """(name, number) of each row of the page's bars."""
    rows = re.findall(r"<tr><th>(.*?)</th>.*?<td class=\"n\">(.*?)</td></tr>", page)
    return [(html.unescape(name.replace("<wbr>", "")), number) for name, number in rows]


def test_bars_are_in_proportion():
    table = bars({"a": 200, "b": 50, "c": 0})
    assert re.findall(r"width:([\d.]+)%", table) == ["100.0", "25.0", "0.0"]
    assert cells(table) == [("a", "200"), ("b", "50"), ("c", "0")]
    assert re.findall(r"width:([\d.]+)%", bars({"a": 0.5}, percent=True)) == ["50.0"]
    assert cells(bars({})) == []


def test_columns_put_the_last_percent_together():
    counts = {length: 100 for length in range(100)} | {5000: 1}
    svg = columns("t", counts, "turns", "dialogues")
    assert len(widths(svg)) <= 30
    assert "0–3 turns: 400 dialogues" in svg
    assert ">96 and more</text>" in svg  # on the axis, not only under the mouse
    assert "96 and more turns: 401 dialogues" in svg
    assert Reader(columns("t", {}, "turns", "dialogues")).open == []


def test_axes_have_round_numbers():
    assert ticks_up_to(0) == ticks_up_to(1) == [0, 1]
    assert ticks_up_to(4) == [0, 1, 2, 3, 4]
    assert ticks_up_to(5) == [0, 2, 4, 6]
    assert ticks_up_to(87) == [0, 50, 100]
    assert ticks_up_to(8622) == [0, 5000, 10000]
    svg = columns("t", {1: 8622, 2: 1}, "turns", "dialogues")
    assert re.findall(r'class="count"[^>]*>([^<]*)<', svg) == ["0", "5k", "10k"]
    assert re.findall(r'class="count"[^>]*>([^<]*)<', columns("t", {3: 1700}, "a", "b")) == [
        "0",
        "500",
        "1,000",
        "1,500",
        "2,000",
    ]


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
    assert "Length of the contexts" in page.read_text()
    assert [path.name for path in page.parent.iterdir()] == ["it.html"]
    assert main(command) == 0
    assert "padding, batches of 2" in capsys.readouterr().out
    assert main([*command, "--batch-size", "0"]) == 2
    assert "--batch-size: 0 is not at least 1" in capsys.readouterr().err
