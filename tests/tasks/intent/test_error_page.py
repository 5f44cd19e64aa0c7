"""The page about errors: what it says, that nothing from outside is markup."""

from html.parser import HTMLParser

from space_jax.tasks.intent.error_page import error_page
from space_jax.tasks.intent.records import IntentRecord


def make(pairs):
    records = [IntentRecord(f"r{n}", f"text {n}", true) for n, (true, _) in enumerate(pairs)]
    return records, [{"label": predicted, "score": n / 10} for n, (_, predicted) in enumerate(pairs)]


def test_texts_and_labels_are_escaped():
    records = [IntentRecord('<i id="x">', "<script>alert(1)</script> & 😀", "<b>true</b>")]
    page = error_page(records, [{"label": "'\"><img src=x>", "score": 0.5}], "<title>")
    for raw in ("<script>", "<b>true", "<img", "<i id", "<title><title>"):
        assert raw not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 😀" in page


def test_confusions_come_by_number_and_classes_by_recall():
    page = error_page(*make([("a", "b"), ("c", "b"), ("c", "b"), ("a", "a"), ("b", "b"), (None, "b")]), "errors")
    assert "2 of 5 right (40.00%), 3 wrong in 2 confusions" in page
    assert page.index("2 &times; c") < page.index("1 &times; a")
    assert page.index("text 2") < page.index("text 1")  # the surest first
    table = page[page.index("<table>") :]
    assert table.index("<td>c</td>") < table.index("<td>a</td>") < table.index("<td>b</td>")


def test_the_page_stands_alone_and_fits_a_phone():
    class Reader(HTMLParser):
        found: list = []

        def handle_starttag(self, tag, attrs):
            self.found.append((tag, dict(attrs)))

    reader = Reader()
    reader.feed(error_page(*make([("a", "b")]), "errors"))
    assert not [
        tag for tag, attrs in reader.found if tag in ("script", "link", "img") or {"src", "href"} & attrs.keys()
    ]
    assert ("meta", {"name": "viewport", "content": "width=device-width,initial-scale=1"}) in reader.found
