"""A head that nothing has trained is not used by mistake, whichever verb is asked."""

import pytest

import space_jax
from space_jax.cli import main
from space_jax.config import Space2Config
from space_jax.errors import UserError
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.slots.config import SlotsConfig
from tests.exporting.runs import INTENTS, SLOTS, write_finetuned, write_pretrained

REFUSED = "is that of step 0, before training"


@pytest.mark.parametrize(
    ("task", "labels"), [(IntentConfig(max_tokens=8, head_start="random"), INTENTS), (SlotsConfig(max_tokens=8), SLOTS)]
)
def test_a_fresh_head(tmp_path, tokenizer, tiny_model, capsys, task, labels):
    run = str(write_finetuned(tmp_path / "run", task, labels, tokenizer, tiny_model, step=0))
    rows = str(tmp_path / "run.jsonl")
    for verb in (["predict", "--input", rows], ["evaluate"], ["evaluate", "--input", rows], ["embed", "--input", rows]):
        assert main([verb[0], "--workdir", run, *verb[1:]]) == 2
        said = capsys.readouterr().err
        assert REFUSED in said
        assert "newly initialised and never trained: head)" in said
    with pytest.raises(UserError, match=REFUSED):
        space_jax.load(run)
    assert space_jax.load(run, "0").step == 0
    assert capsys.readouterr().err == f"{run}: newly initialised and never trained: head\n"


@pytest.mark.parametrize("field", [{"head": "frozen"}, {"head": "knn"}, {"head_start": "means"}, {"refit": True}])
def test_a_fitted_head_needs_no_step(tmp_path, tokenizer, tiny_model, capsys, field):
    task = IntentConfig(max_tokens=8, mlm_weight=0.0, **field)
    run = write_finetuned(tmp_path / "run", task, INTENTS, tokenizer, tiny_model, step=0)
    assert space_jax.load(run).step == 0
    assert capsys.readouterr().err == ""


def test_a_pretraining_run_without_a_step(tmp_path, tokenizer, tiny_model, capsys):
    run = str(write_pretrained(tmp_path / "run", Space2Config(subspace=8), tokenizer, tiny_model, step=0))
    (tmp_path / "rows.jsonl").write_text('{"text": "two"}\n')
    for verb in (["evaluate"], ["embed", "--input", str(tmp_path / "rows.jsonl")]):
        assert main([verb[0], "--workdir", run, *verb[1:]]) == 2
        assert REFUSED in capsys.readouterr().err
    with pytest.raises(UserError, match=REFUSED):
        space_jax.load(run)
