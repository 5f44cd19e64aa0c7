import pytest

from space_jax.evaluation.joint_goal import flat, goal_score, same_value


def test_by_hand():
    truth = [{"hotel-area": ("north",)}, {"hotel-area": ("north",), "hotel-stars": ("4",)}, {}]
    predicted = [{"hotel-area": ("north",)}, {"hotel-area": ("north",)}, {}]
    score = goal_score(predicted, truth)
    assert score.joint == pytest.approx(2 / 3)
    assert score.slots == {"hotel-area": 1.0, "hotel-stars": pytest.approx(2 / 3)}
    assert score.slot == pytest.approx(5 / 6)
    assert score.turns == 3


def test_one_slot_too_many_spoils_the_turn():
    assert goal_score([{"a-x": ("1",), "a-y": ("2",)}], [{"a-x": ("1",)}]).joint == 0.0


@pytest.mark.parametrize("nothing", ["none", "not mentioned", "", "None", "Not Mentioned"])
def test_none_is_no_value(nothing):
    assert goal_score([{"hotel-area": (nothing,)}], [{}]).joint == 1.0
    assert goal_score([{}], [{"hotel-area": (nothing,)}]).joint == 1.0
    assert goal_score([{"hotel-area": (nothing,)}], [{"hotel-area": ("west",)}]).joint == 0.0
    assert flat({"hotel": {"area": (nothing,)}}) == {}


@pytest.mark.parametrize("spelling", ["dontcare", "don't care", "do n't care", "any", "Doesn't matter"])
def test_dontcare_is_a_value_of_its_own(spelling):
    assert same_value("hotel-area", (spelling,), ("dontcare",))
    assert not same_value("hotel-area", (spelling,), ())
    assert not same_value("hotel-area", (), (spelling,))
    assert not same_value("hotel-area", (spelling,), ("west",))


@pytest.mark.parametrize(
    ("slot", "one", "other"),
    [
        ("hotel-type", "guest house", "guesthouse"),
        ("restaurant-area", "center", "centre"),
        ("restaurant-people", "two", "2"),
        ("train-leave_at", "5:45 pm", "17:45"),
        ("train-leave_at", "9:15", "09:15"),
        ("train-arrive_by", "by 1245", "12:45"),
        ("restaurant-time", "noon", "12:00"),
        ("hotel-parking", "free", "yes"),
        ("restaurant-food", "Portugese", "portuguese"),
        ("attraction-name", "Christ 's College", "christ's college"),
    ],
)
def test_variants_are_the_same_both_ways(slot, one, other):
    assert same_value(slot, (one,), (other,))
    assert same_value(slot, (other,), (one,))


@pytest.mark.parametrize(
    ("slot", "one", "other"),
    [
        ("train-leave_at", "5:45", "17:45"),  # without pm it is another time
        ("train-leave_at", "12:15 am", "12:15"),
        ("hotel-stars", "2", "3"),
        ("movies-movie", "two", "2"),  # a title is no number
        ("restaurant-name", "golden", "golden wok"),
    ],
)
def test_what_is_not_the_same(slot, one, other):
    assert not same_value(slot, (one,), (other,))


def test_any_of_several_spellings_is_right():
    assert same_value("flights-time", ("half past 2",), ("2:30", "half past 2"))
    assert same_value("hotel-type", ("hotel",), ("hotel", "guesthouse"))
    assert not same_value("hotel-type", ("motel",), ("hotel", "guesthouse"))


def test_copied_values_are_compared_by_their_words_only_on_request():
    ours, truth = [{"taxi-departure": ("golden wok",)}], [{"taxi-departure": ("the golden wok restaurant",)}]
    assert goal_score(ours, truth).joint == 0.0
    assert goal_score(ours, truth, copied=[{"taxi-departure"}]).joint == 1.0
    assert goal_score(ours, truth, copied=[{"taxi-destination"}]).joint == 0.0
    assert not same_value("taxi-departure", ("olden wok",), ("golden wok",), copied=True)


def test_slots_that_never_have_a_value_enter_the_mean_on_request():
    score = goal_score([{"a-x": ("1",)}], [{"a-x": ("2",)}], slots=["a-y"])
    assert (score.slot, score.slots["a-y"]) == (0.5, 1.0)


def test_no_turns():
    assert goal_score([], []).joint == 0.0
    with pytest.raises(ValueError, match="must be equal"):
        goal_score([{}], [])
