"""The pages that people read, on a phone: nothing is wider than the screen, and no word is broken."""

import pytest

from space_jax.corpora.statistics import collect
from space_jax.corpora.statistics_page import statistics_page
from space_jax.dialogue import Dialogue, Frame, Turn
from space_jax.tasks.error_list import error_list
from space_jax.tasks.intent.error_page import error_page
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.task import Near
from tests.browser import overflow

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

LABELS = [f"balance_not_updated_after_cheque_{n}" for n in range(77)]
PLACE = "some/folder/of_mine/with.long/validation_split.csv:1234"
# The words that are on two lines, hyphens aside.
BROKEN = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    for (const word of walker.currentNode.data.matchAll(/[^\\s\\u2013-]+/g)) {
      const range = document.createRange();
      range.setStart(walker.currentNode, word.index);
      range.setEnd(walker.currentNode, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(r => r.top)).size > 1) found.push(word[0]);
    }
  }
  return found;
}"""


def intents():
    records = [IntentRecord(str(n), f"my balance {n}", label, where=PLACE) for n, label in enumerate(LABELS * 2)]
    predictions = [{"label": LABELS[n * 7 % 77], "score": 0.5} for n in range(len(records))]
    near = [Near(records[0], 0.9)]
    return error_page(records, predictions, "errors on validation_split.csv", {}, lambda some: [near for _ in some])


def statistics():
    turns = [Turn("user", "where is my money", (Frame("banking", label),), ("inform",)) for label in LABELS]
    return statistics_page("my_dialogues, train", collect([Dialogue("d", tuple(turns))] * 12).as_json())


PAGES = {
    "errors of intents": intents,
    "errors of slots": lambda: error_list([(PLACE, "at seven", "restaurant-time seven", "")] * 3, 9, "errors"),
    "statistics": statistics,
}


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone(name, browser):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_content(PAGES[name]())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert overflow(page) == 0
    assert page.evaluate(BROKEN) == []
    page.close()
