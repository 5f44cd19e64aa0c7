"""One run a workdir, whoever else wants it, and what holds of one in a bucket."""

import errno

import numpy as np
import pytest

from space_jax.errors import UserError
from space_jax.tasks.finetune import finetune
from space_jax.training import workdir as workdir_module
from space_jax.training.pretrain import pretrain
from space_jax.training.workdir import Workdir
from tests.training.toy import toy_config


@pytest.mark.parametrize("verb", [pretrain, finetune])
def test_a_second_run_is_refused_before_it_looks_at_anything(tmp_path, verb):
    with Workdir(tmp_path / "run").held():
        with pytest.raises(UserError, match=r"run: another process is writing it \(process \d+ on .*, since 2"):
            verb(toy_config(), tmp_path / "run")
        assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]
    assert list(tmp_path.iterdir()) == []
    with Workdir(tmp_path / "run").held(), Workdir(tmp_path / "another").held():
        pass


def test_the_processes_of_one_run_hold_it_together(tmp_path, monkeypatch):
    """Only the first locks; all of them end if it is refused."""
    with Workdir(tmp_path / "run").held():
        monkeypatch.setattr(workdir_module.jax, "process_index", lambda: 1)
        with Workdir(tmp_path / "run").held():
            pass
        monkeypatch.setattr(workdir_module, "Exchange", lambda numbers: Told([[1], *[numbers]]))
        refused = pytest.raises(UserError, match="another run is writing it, as process 0 says")
        with refused, Workdir(tmp_path / "run").held():
            pytest.fail("it was refused")


class Told:
    """What all processes said."""

    def __init__(self, rows):
        self.rows = np.array(rows)

    def read(self):
        return self.rows


def test_in_a_bucket_runs_of_one_machine_exclude_one_another(bucket):
    first, second = Workdir("gs://bucket/run"), Workdir("gs://bucket/run")
    with first.held():
        first.fetch()
        first.local.mkdir(parents=True)
        (first.local / "config.json").write_text("{}")
        first.publish()
        with pytest.raises(UserError, match="gs://bucket/run: another process is writing it"), second.held():
            pytest.fail("two at a time")
    assert [path.name for path in (bucket / "run").iterdir()] == ["config.json"]
    with second.held():
        pass


def test_a_full_disk_at_any_file_of_a_run_is_one_sentence(tmp_path):
    expected = r"run: cannot be written \(No space left on device: curves.png\); what is finished is kept: make"
    with pytest.raises(UserError, match=expected), Workdir(tmp_path / "run").held():
        raise OSError(errno.ENOSPC, "", "curves.png")
