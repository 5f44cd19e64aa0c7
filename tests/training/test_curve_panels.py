"""Which panels there are, and in which order."""

from space_jax.training.curve_panels import COLUMNS, sections


def held_out(*names):
    return {"kind": "eval", "step": 1, "evaluation_seconds": 4.0, **dict.fromkeys(names, 0.5)}


def shown(part):
    return [[" ".join(panel.names) for panel in row] for row in part.rows]


def test_first_what_people_look_at_then_the_terms_by_kind():
    terms = [f"term/contrast_{side}/{stream}" for side in ("user", "system") for stream in ("labelled", "unlabelled")]
    terms += ["term/masked/labelled", "term/masked/unlabelled", "term/policy_user/labelled"]
    measures, losses = sections([held_out("loss", "retrieval_tree", "zeal", "perplexity", "act_f1", *terms)])
    assert shown(measures) == [["perplexity", "act_f1", "retrieval_tree"], ["loss", "zeal"]]
    assert shown(losses) == [sorted(terms[:4]), terms[4:]]
    assert [panel.scale for panel in losses.rows[1]] == ["masked", "masked", "policy"]


def test_the_only_term_is_the_loss():
    train = {"kind": "train", "step": 1, "loss": 1.0, "term/intent": 1.0, "learning_rate": 0.1, "padding": 0.2}
    (measures,) = sections([train, held_out("accuracy")])
    assert shown(measures) == [["accuracy", "loss"]]


def test_one_panel_for_all_slots():
    records = [held_out("macro_f1", *(f"f1/slot{number}" for number in range(30)))]
    (measures,) = sections(records)
    assert [len(panel.names) for panel in measures.rows[0]] == [1, 30]
    (alone,) = sections(records, families=False)
    assert shown(alone) == [["macro_f1"]]


def test_a_kind_with_more_terms_than_columns():
    (losses,) = sections([held_out(*(f"term/kind/{letter}" for letter in "abcdef"))])
    assert [len(row) for row in losses.rows] == [COLUMNS, 2]


def test_nothing():
    assert sections([]) == []
    assert sections([{"kind": "compile", "step": 1, "seconds": 2.0}, {"kind": "eval", "step": 0, "loss": None}]) == []
