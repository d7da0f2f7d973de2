"""The shop's books are kept in Python."""


def vat(cents: int, percent: int = 19) -> int:
    return (cents * percent + 50) // 100


def test_vat_is_rounded_to_whole_cents():
    assert vat(1005) == 191


def test_nothing_sold_owes_nothing():
    assert vat(0) == 0


def test_a_reduced_rate_can_be_asked_for():
    assert vat(1000, percent=7) == 70
