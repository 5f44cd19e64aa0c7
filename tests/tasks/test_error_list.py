from space_jax.tasks.error_list import MOST, error_list


def test_everything_from_outside_is_escaped():
    page = error_list([("<id>", "<b>said</b>", "a & b", '"x"')], 3, "<title>")
    assert "<b>" not in page
    assert "&lt;b&gt;said&lt;/b&gt;" in page
    assert "a &amp; b" in page
    assert "1 of 3 are not all right." in page


def test_nothing_is_said_to_be_nothing():
    assert page_parts(error_list([("a", "", " ", "x")], 1, "t")).count("nothing") == 2


def test_long_lists_are_cut():
    page = error_list([(str(n), "said", "right", "wrong") for n in range(MOST + 5)], 1000, "t")
    assert page.count("<dl>") == MOST
    assert f"The first {MOST} of them" in page


def page_parts(page):
    return page.split("<body>")[1]
