from coffers.application.ledger.totals import by_currency, less


def test_amounts_are_summed_per_currency_in_the_order_of_the_codes() -> None:
    totals = by_currency(["USD", "EUR", "USD"], ["1.10", "5.00", "2.20"])

    assert list(totals.items()) == [("EUR", "5.00"), ("USD", "3.30")]


def test_no_amounts_have_no_totals() -> None:
    assert by_currency([], []) == {}


def test_every_digit_of_a_sum_is_kept() -> None:
    many = ["99999999999999999999.123456789012345678"] * 3

    assert by_currency(["USD"] * 3, many) == {"USD": "299999999999999999997.370370367037037034"}


def test_a_difference_of_totals_is_exact() -> None:
    assert less({"USD": "3.30"}, {"USD": "3.3001"}) == {"USD": "-0.0001"}
