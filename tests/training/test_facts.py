"""What a run's files have to agree with, and what its last bits depend on."""

import dataclasses
import os
from pathlib import Path

import jax
import pytest

from space_jax.errors import UserError
from space_jax.training.facts import (
    computed_on,
    other_machine,
    require_as_trained,
    require_labels_as_trained,
    run_facts,
)
from tests.training.toy import toy_config

CONFIG = toy_config()
FACTS = run_facts(CONFIG, ["a corpus"], ["yes", "no"])
FILE = Path("run/config.json")


def test_the_files_of_training_are_taken():
    require_as_trained(FACTS, CONFIG, FILE)
    require_as_trained(FACTS, toy_config(log_every=9, keep_last=3), FILE)
    require_as_trained(FACTS, CONFIG.model, FILE, "model.")
    require_labels_as_trained(FACTS, ["yes", "no"], FILE)


def test_others_are_named():
    other = dataclasses.replace(CONFIG, model=dataclasses.replace(CONFIG.model, layers=7))
    expected = (
        r"run/config.json: field model.layers is 7, and the run was trained with 1; put back the file that the run"
    )
    with pytest.raises(UserError, match=expected):
        require_as_trained(FACTS, other, FILE)
    with pytest.raises(UserError, match=expected):
        require_as_trained(FACTS, other.model, FILE, "model.")
    for labels in (["no", "yes"], ["yes"], None):
        with pytest.raises(UserError, match="holds other labels than the run was trained with"):
            require_labels_as_trained(FACTS, labels, FILE)


def test_what_xla_divides_its_work_among(monkeypatch):
    """On a CPU as many threads as processors that the process may use, or as devices if these are more."""
    monkeypatch.setenv("NPROC", "1")
    found = {"device": "cpu", "devices": jax.device_count(), "attention": "reference"}
    found["threads"] = jax.local_device_count()
    assert computed_on(CONFIG.model) == found
    monkeypatch.delenv("NPROC")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(100)))
    assert computed_on(CONFIG.model) == found | {"threads": 100}


def test_a_change_of_machine_is_a_remark_and_another_fingerprint_it_is_not():
    there = {"device": "TPU v4", "devices": FACTS["computed_on"]["devices"], "attention": "splash"}
    elsewhere = FACTS | {"computed_on": there}
    assert other_machine(dict(FACTS), FACTS) == ""
    remark = other_machine(elsewhere, FACTS)
    assert "device TPU v4 before, cpu now; attention splash before, reference now; threads None before, " in remark
    assert "devices " not in remark
    assert elsewhere["fingerprint"] == FACTS["fingerprint"]


def test_the_path_of_attention_is_the_machine_s_and_its_dropout_the_run_s():
    def facts(**fields):
        return run_facts(dataclasses.replace(CONFIG, model=dataclasses.replace(CONFIG.model, **fields)))

    fingerprint = facts(attention_dropout=0.0)["fingerprint"]
    assert facts(attention="splash", attention_dropout=0.0)["fingerprint"] == fingerprint
    assert facts(attention="splash", attention_dropout=0.0)["computed_on"]["attention"] == "splash"
    assert facts(attention_dropout=0.1)["fingerprint"] != fingerprint
    assert facts(attention_dropout=0.0, attention_init="identity")["fingerprint"] != fingerprint
