"""The loader of HWU64, on small made-up files in its format and on the real ones."""

import pytest

from space_jax.corpora import hwu64
from space_jax.dialogue.record import Dialogue, Frame, Turn
from space_jax.errors import UserError

ROWS = {
    "train": [("wake me at six", "alarm_set"), ("dim it", "iot_hue_lightdim")],
    "valid": [("which alarms are on", "alarm_query")],
    "train_10": [("wake me at six", "alarm_set")],
}


@pytest.fixture
def source(tmp_path):
    for folder, rows in ROWS.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "seq.in").write_text("".join(f"{text}\n" for text, _ in rows))
        (tmp_path / folder / "label").write_text("".join(f"{label}\n" for _, label in rows))
    return tmp_path


def said(name: str, text: str, domain: str, intent: str) -> Dialogue:
    return Dialogue(name, (Turn("user", text, (Frame(domain, intent),)),))


def test_the_scenario_is_the_domain_and_the_label_stays_whole(source):
    assert list(hwu64.load(source, "train")) == [
        said("train-0", "wake me at six", "alarm", "alarm_set"),
        said("train-1", "dim it", "iot", "iot_hue_lightdim"),
    ]
    assert list(hwu64.load(source, "train", subset="train_10")) == [
        said("train-train_10-0", "wake me at six", "alarm", "alarm_set")
    ]
    validation = [said("validation-0", "which alarms are on", "alarm", "alarm_query")]
    assert list(hwu64.load(source, "validation")) == validation
    assert list(hwu64.load(source, "validation", subset="train_10")) == validation


def test_what_is_not_there_is_said(source):
    assert hwu64.find_splits(source) == ("train", "validation")
    with pytest.raises(UserError, match=r"test/seq\.in: expected .* no such file"):
        list(hwu64.load(source, "test"))
    with pytest.raises(UserError, match=r"option subset: .* found 'tiny'"):
        list(hwu64.load(source, "train", subset="tiny"))


@pytest.mark.parametrize("label", ["alarm", "_set", "alarm_"])
def test_a_label_without_a_scenario_is_named_with_its_line(source, label):
    (source / "train" / "label").write_text(f"alarm_set\n{label}\n")
    with pytest.raises(UserError, match=f"train/label:2: expected a label like scenario_intent, found '{label}'"):
        list(hwu64.load(source, "train"))


def test_the_real_files_are_read_whole_and_train_does_not_meet_validation(shared_data):
    real = shared_data / "data" / "hwu64"
    if not real.is_dir():
        pytest.skip(f"no HWU64 at {real}")
    train = {subset: list(hwu64.load(real, "train", subset=subset)) for subset in hwu64.SUBSETS}
    validation = list(hwu64.load(real, "validation"))
    assert [len(found) for found in train.values()] == [8954, 640, 320]
    assert len(validation) == 1076
    assert not {one.turns[0].text for one in train["full"]} & {one.turns[0].text for one in validation}
    for found in (*train.values(), validation):
        frames = {one.turns[0].frames[0] for one in found}
        assert len(frames) == 64
        assert len({frame.domain for frame in frames}) == 18
