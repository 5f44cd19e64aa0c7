"""The page about errors: what it says, that nothing from outside is markup."""

import re
from html.parser import HTMLParser

from space_jax.tasks.intent.confusion import MOST_LABELS, Confusions, label_table, matrix
from space_jax.tasks.intent.error_page import error_page
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.task import Near

TRAINING = {"a": 7, "b": 5, "c": 1}


def make(pairs):
    records = [IntentRecord(f"r{n}", f"text {n}", true) for n, (true, _) in enumerate(pairs)]
    return records, [{"label": predicted, "score": n / 10} for n, (_, predicted) in enumerate(pairs)]


def cells(table):
    """The texts of the table's rows."""
    rows = re.findall(r"<tr>(.*?)</tr>", table)
    return [[re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)] for row in rows]


def test_texts_and_labels_are_escaped():
    record = IntentRecord('<i id="x">', "<script>alert(1)</script> & 😀", "<b>true</b>", where="<u>.csv:3")
    near = [[Near(IntentRecord("n", "<em>near</em>", "<s>label</s>", where="<u>.csv:4"), 0.5)]]
    page = error_page([record], [{"label": "'\"><img src=x>", "score": 0.5}], "<title>", {}, lambda _: near)
    for raw in ("<script>", "<b>true", "<img", "<i id", "<title><title>", "<em>", "<s>", "<u>"):
        assert raw not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 😀" in page
    assert "&lt;em&gt;near" in page


def test_confusions_come_by_number_and_labels_by_recall():
    pairs = [("a", "b"), ("c", "b"), ("c", "b"), ("a", "a"), ("b", "b"), (None, "b")]
    page = error_page(*make(pairs), "errors", TRAINING)
    assert "2 of 5 right (40.00%), 3 wrong in 2 confusions." in page
    assert page.index("2 &times; c") < page.index("1 &times; a")
    assert page.index("text 2") < page.index("text 1")  # the surest first
    assert cells(page[page.index('<table class="labels">') :]) == [
        ["label", "recall", "precision", "true", "given", "in training"],
        ["c", "0%", "–", "2", "0", "1"],
        ["a", "50%", "100%", "2", "1", "7"],
        ["b", "100%", "25%", "1", "4", "5"],
    ]


def test_the_matrix_of_few_labels_has_all():
    table = matrix(Confusions.of([("a", "a"), ("a", "b"), ("c", "b"), ("c", "b"), ("c", "c"), ("d", "d")]))
    assert cells(table) == [
        ["true \\ predicted", "1", "2", "3", "4"],
        ["1 b", "", "", "", ""],
        ["2 c", "2", "1", "", ""],
        ["3 a", "1", "", "1", ""],
        ["4 d", "", "", "", "1"],
    ]


def test_the_matrix_of_many_labels_has_the_most_confused_and_sums_the_others():
    pairs = [(f"l{n:02}", f"l{n:02}") for n in range(77)] + [("l50", "l60")] * 3 + [("l60", "l50"), ("l03", "l50")]
    rows = cells(matrix(Confusions.of(pairs)))
    assert len(rows) == MOST_LABELS + 2
    assert rows[1][:4] == ["1 l50", "1", "3", ""]
    assert rows[2][:4] == ["2 l60", "1", "1", ""]
    assert rows[3][:4] == ["3 l03", "1", "", "1"]
    assert rows[-1] == ["… all others", *[""] * MOST_LABELS, str(77 - MOST_LABELS)]


def test_precision_of_a_label_that_nothing_was_given_and_recall_of_one_that_nothing_has():
    rows = cells(label_table(Confusions.of([("a", "b")]), {}))
    assert rows[1:] == [["a", "0%", "–", "1", "0", "0"], ["b", "–", "0%", "0", "1", "0"]]


def test_an_error_leads_to_its_line_and_to_the_training_lines_near_it():
    record = IntentRecord("17", "text", "a", where="data/my_test.csv:18, id 17")
    near = [
        Near(IntentRecord("1", "like it", "b", where="train.csv:2"), 0.914),
        Near(IntentRecord("t-9", "so", "a"), 0.5),
    ]
    page = error_page([record], [{"label": "b", "score": 0.75}], "errors", TRAINING, lambda records: [near])
    words = re.sub("<[^>]*>", "", page)
    assert "text data/my_test.csv:18, id 17, score 0.750" in words
    assert "b: like it (train.csv:2, cosine 0.91)" in words
    assert "a: so (t-9, cosine 0.50)" in words
    assert "cosine" not in error_page([record], [{"label": "b", "score": 0.75}], "errors", TRAINING, lambda _: [[]])


def test_labels_that_training_lacks_are_named():
    page = error_page(*make([("new", "a"), ("a", "a")]), "errors", TRAINING)
    assert "no prediction can be right: new." in page
    assert "no prediction can be right" not in error_page(*make([("a", "a")]), "errors", TRAINING)


def test_nothing_wrong_and_nothing_known():
    assert "1 of 1 right (100.00%), 0 wrong." in error_page(*make([("a", "a")]), "errors", TRAINING)
    assert "0 of 0 right (none to count)" in error_page(*make([(None, "a")]), "errors", TRAINING)
    assert "<table" not in error_page([], [], "errors", TRAINING)


def test_the_page_stands_alone_and_fits_a_phone():
    class Reader(HTMLParser):
        found: list = []

        def handle_starttag(self, tag, attrs):
            self.found.append((tag, dict(attrs)))

    reader = Reader()
    reader.feed(error_page(*make([("a", "b")]), "errors", TRAINING))
    assert not [
        tag for tag, attrs in reader.found if tag in ("script", "link", "img") or {"src", "href"} & attrs.keys()
    ]
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in reader.found
