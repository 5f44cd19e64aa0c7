"""What a run began as, and what is refused of one without a step."""

import re

import pytest

from space_jax.errors import UserError
from space_jax.training.beginning import START, Start, read_start, require_steps

HEAD = Start("minilm", ("backbone/embedding/turn", "head/bias", "head/kernel"))
SCRATCH = Start(None, ("backbone/embedding/token", "backbone/layers/inner/kernel", "masked_head/bias"))


def test_it_is_read_as_it_was_written(tmp_path):
    assert read_start(tmp_path) is None
    for start in (HEAD, SCRATCH):
        start.save(tmp_path)
        assert read_start(tmp_path) == start


@pytest.mark.parametrize("said", ["[]", "{}", '{"initial": 3, "new": []}', '{"initial": null, "new": [1]}', "5", "{"])
def test_a_damaged_one_is_refused(tmp_path, said):
    (tmp_path / START).write_text(said)
    with pytest.raises(UserError, match=re.escape(str(tmp_path / START))):
        read_start(tmp_path)


@pytest.mark.parametrize(
    ("start", "new"),
    [
        (HEAD, "newly initialised and never trained: backbone/embedding/turn, head"),
        (SCRATCH, "newly initialised and never trained: all parameters"),
        (Start("bert", ()), "never trained"),
        (None, "never trained"),
    ],
)
def test_a_run_without_a_step_is_refused_with_what_is_new(tmp_path, capsys, start, new):
    if start is not None:
        start.save(tmp_path)
    for wanted in ("best", "latest"):
        with pytest.raises(UserError) as refused:
            require_steps(tmp_path, 0, wanted)
        assert str(refused.value) == (
            f"{tmp_path}: the checkpoint that --step {wanted} names is that of step 0, before training ({new}); train "
            "the run, or name the checkpoint with --step to use it all the same"
        )
    with pytest.raises(UserError, match="or name a later one with --step"):
        require_steps(tmp_path, 0, "0", if_asked=False)
    require_steps(tmp_path, 1, "best")
    assert capsys.readouterr().err == ""


def test_it_is_said_of_what_is_used_all_the_same(tmp_path, capsys):
    HEAD.save(tmp_path)
    require_steps(tmp_path, 0, "0")
    assert capsys.readouterr().err == (
        f"{tmp_path}: newly initialised and never trained: backbone/embedding/turn, head\n"
    )
    require_steps(tmp_path, 0, "best", fitted=True)
    assert capsys.readouterr().err == f"{tmp_path}: newly initialised and never trained: backbone/embedding/turn\n"
    Start("bert", ("head/bias", "head/kernel")).save(tmp_path)
    require_steps(tmp_path, 0, "best", fitted=True)
    assert capsys.readouterr().err == ""
