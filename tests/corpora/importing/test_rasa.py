"""Rasa's YAML: examples with their entities, and stories with words put to them."""

import pytest

from space_jax.corpora.importing import read_source
from space_jax.corpora.importing.rasa_examples import example_of
from space_jax.dialogue.record import Frame, Slot, Turn, Value
from space_jax.errors import UserError

NLU = """version: "3.1"
nlu:
- intent: greet
  examples: |
    - Hey
    - hey there [Sara](name)

    no dash
- intent: no
  examples:
  - text: |
      nope
    metadata: {a: b}
  - never
  - metadata: {a: b}
- intent: balance
  examples: |
    - what is in my [savings](account)
    - what is in my [current account](account)
    - a [broken]{"entity" thing
- synonym: savings account
  examples: |
    - savings
- regex: zip
  examples: '- \\d+'
- lookup: banks
  examples: |
    - JPMC
"""
STORIES = """stories:
- story: one
  steps:
  - intent: greet
  - action: utter_greet
  - or:
    - intent: no
    - intent: greet
  - action: utter_greet
  - action: utter_ask
  - checkpoint: here
- story: two
  steps:
  - intent: balance
    entities:
    - account: current account
  - slot_was_set:
    - account: current account
  - action: action_look
  - action: utter_balance
- story: three
  steps:
  - intent: unknown
  - action: utter_greet
- story: four
  steps:
  - user: |
      hello [Bob](name)
    intent: greet
  - bot: Hello.
rules:
- rule: a
  steps: []
- rule: b
  steps: []
"""
DOMAIN = """intents: [greet, no]
responses:
  utter_greet:
  - text: "Hi!"
  - text: "Hello!"
  utter_ask:
  - text: "What {do} you need?"
  utter_balance:
  - text: "Your {account} is empty."
"""


def project(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return read_source(folder)


def example(markup, **synonyms):
    found = example_of("x", markup, synonyms, "f:1")
    return found.text, {slot.name: slot.values for slot in found.slots}


@pytest.mark.parametrize(
    ("markup", "text", "slots"),
    [
        ("plain", "plain", {}),
        ("in [Rome](city)", "in Rome", {"city": (Value("Rome", 3, 7),)}),
        ('in [Rome]("city")', "in Rome", {"city": (Value("Rome", 3, 7),)}),
        ("in [Rome](city:Roma) now", "in Rome now", {"city": (Value("Rome", 3, 7), Value("Roma"))}),
        ('[Rome]{"entity": "city", "value": "Roma"}', "Rome", {"city": (Value("Rome", 0, 4), Value("Roma"))}),
        ('[Rome]{"entity": "city", "value": "rome"}', "Rome", {"city": (Value("Rome", 0, 4),)}),
        (
            '[LA]{"entity": "city", "role": "from", "group": "1"} to [NY]{"entity": "city", "role": "to"}',
            "LA to NY",
            {"city_from": (Value("LA", 0, 2),), "city_to": (Value("NY", 6, 8),)},
        ),
        ('[two]{"entity": "n", "value": 2}', "two", {"n": (Value("two", 0, 3), Value("2"))}),
        ('[x][{"entity": "a"}, {"entity": "b"}]', "x", {"a": (Value("x", 0, 1),), "b": (Value("x", 0, 1),)}),
        ("[a](s) and [b](s)", "a and b", {"s": (Value("a", 0, 1), Value("b", 6, 7))}),
        ("[ a ](s)", " a ", {"s": (Value("a", 1, 2),)}),
        ("a [note] (see below)", "a [note] (see below)", {}),
    ],
)
def test_the_markup_of_entities(markup, text, slots):
    assert example(markup) == (text, slots)


def test_synonyms_are_second_values():
    assert example("[NYC](city)", nyc="New York") == ("NYC", {"city": (Value("NYC", 0, 3), Value("New York"))})


@pytest.mark.parametrize(
    "markup", ['[x]{"value": "y"}', "[x]{nope}", '[x]{"entity": "y"', "[x](a(b))", '[x]{"entity": " "}']
)
def test_markup_that_cannot_be_read_is_an_error(markup):
    with pytest.raises(UserError, match=r"^f:1:"):
        example(markup)


def test_examples_become_labelled_sentences(tmp_path):
    found = project(tmp_path, nlu=NLU)
    assert [(one.turns[0].text, one.turns[0].frames[0].intent) for one in found.sentences] == [
        ("Hey", "greet"),
        ("hey there Sara", "greet"),
        ("nope", "no"),
        ("never", "no"),
        ("what is in my savings", "balance"),
        ("what is in my current account", "balance"),
    ]
    path = tmp_path / "nlu.yml"
    assert found.left_out.lines()[:2] == [
        f"lines of examples that do not begin with a dash: 1 ({path}:8)",
        f"examples without text: 1 ({path}:15)",
    ]
    assert found.left_out.counts["regular expressions"] == found.left_out.counts["lookup tables"] == 1
    assert any(f"{path}:20: expected entities as" in line for line in found.left_out.lines())


def test_stories_get_words(tmp_path):
    found = project(tmp_path, nlu=NLU, stories=STORIES, domain=DOMAIN)
    stories = {one.id: one.turns for one in found.all_dialogues}
    assert [(turn.role, turn.text) for turn in stories["one"]] == [
        ("user", "Hey"),
        ("system", "Hi!"),
        ("user", "nope"),
        ("system", "Hello! What {do} you need?"),
    ]
    assert [frame.intent for frame in stories["one"][3].frames] == ["utter_greet", "utter_ask"]
    assert stories["two"] == (
        Turn(
            "user",
            "what is in my current account",
            (Frame("default_domain", "balance", (Slot("account", (Value("current account", 14, 29),)),)),),
        ),
        Turn("system", "Your current account is empty.", (Frame("default_domain", "utter_balance"),)),
    )
    assert stories["four"] == (
        Turn("user", "hello Bob", (Frame("default_domain", "greet", (Slot("name", (Value("Bob", 6, 9),)),)),)),
        Turn("system", "Hello."),
    )
    counts = found.left_out.counts
    assert "three" not in stories
    assert counts["stories without words for the intent 'unknown'"] == 1
    assert counts["entries of 'rules'"] == 2
    assert (
        counts["steps checkpoint"] == counts["steps slot_was_set"] == counts["alternatives (or) behind the first"] == 1
    )
    assert counts["steps action: 'action_look', which has no text"] == 1


@pytest.mark.parametrize("text", ["nlu:\n", "stories:\n- 5\n- [a]\n", "nlu:\n- intent:\n  examples: 5\n"])
def test_a_project_with_nothing_in_it_is_an_error(text, tmp_path):
    with pytest.raises(UserError, match="nothing of it can be used"):
        project(tmp_path, nlu=text)


def test_damaged_yaml_names_its_line(tmp_path):
    with pytest.raises(UserError, match=r"nlu\.yml:3: expected YAML, found it damaged"):
        project(tmp_path, nlu="nlu:\n- intent: a\n b: c\n")
