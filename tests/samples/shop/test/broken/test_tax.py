"""Red on purpose: what a run looks like when somebody expects another tax."""


def test_vat_is_a_fifth():
    assert (1000 * 19 + 50) // 100 == 200


def test_nothing_sold_owes_nothing():
    assert 0 * 19 == 0
