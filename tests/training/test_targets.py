"""When lost masked tokens are worth a word."""

from space_jax.training.targets import LostTargets


def test_counts_are_since_the_last_look_and_the_complaint_comes_once():
    targets = LostTargets()
    assert targets.look() == (0, "")
    targets.add(1, 60)
    targets.add(0, 40)
    assert targets.look() == (1, "")  # one in a hundred is not above 1%
    targets.add(2, 100)
    lost, complaint = targets.look()
    assert lost == 2
    assert complaint.startswith("2.0% of the masked tokens are not in the loss")
    assert "data.masked_per_row" in complaint
    targets.add(50, 100)
    assert targets.look() == (50, "")
