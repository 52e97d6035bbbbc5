import pytest

from coffers.domain.markets.identifiers import is_cusip, is_figi, is_isin


# ISO 6166's own example and those of well-known shares and bonds.
@pytest.mark.parametrize("isin", ["US0378331005", "AU0000XVGZA3", "GB0002634946", "DE000BAY0017"])
def test_an_isin_has_the_check_digit_of_luhn(isin: str) -> None:
    assert is_isin(isin)
    assert not is_isin(isin[:-1] + str((int(isin[-1]) + 1) % 10))


@pytest.mark.parametrize("cusip", ["037833100", "17275R102", "38259P508", "594918104", "68389X105"])
def test_a_cusip_has_the_check_digit_of_its_standard(cusip: str) -> None:
    assert is_cusip(cusip)
    assert not is_cusip(cusip[:-1] + str((int(cusip[-1]) + 1) % 10))


# The FIGI standard's worked example and those of two shares.
@pytest.mark.parametrize("figi", ["BBG000BLNQ16", "BBG000B9XRY4", "BBG000BPH459"])
def test_a_figi_has_the_check_digit_of_its_standard(figi: str) -> None:
    assert is_figi(figi)
    assert not is_figi(figi[:-1] + str((int(figi[-1]) + 1) % 10))


@pytest.mark.parametrize("text", ["", "US0378331005\n", "us0378331005", "US037833100٥", "A" * 12])
def test_other_text_is_no_identifier(text: str) -> None:
    assert not any(check(text) for check in (is_isin, is_cusip, is_figi))
