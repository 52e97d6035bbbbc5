"""ISO 4217: the currencies of today and, because histories need them, those that were retired."""

from typing import Final

_CURRENT: Final = {
    0: (
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XAG XAU XBA XBB XBC XBD "
        "XDR XOF XPD XPF XPT XSU XTS XUA XXX "
    ),
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN "
        "BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD "
        "FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW "
        "KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR "
        "MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG "
        "SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD "
        "USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG "
    ),
    3: ("BHD IQD JOD KWD LYD OMR TND "),
    4: ("CLF UYW "),
}
_RETIRED: Final = {
    0: ("ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE ROL TPE TRL XFO XFU "),
    2: (
        "AFA ALK ANG AOK AON AOR ARA ARL ARM ARP ATS AYM AZM BAD BEC BEL BGJ BGK BGL BGM BGN "
        "BOP BRB BRC BRE BRN BRR BUK CHC CSD CSJ CSK CUC CYP DDM DEM ECS ECV EEK ESA ESB FIM "
        "FRF GEK GHC GHP GNE GNS GWE GWP HRD HRK IEP ILP ILR ISJ LAJ LSM LTL LTT LUC LUL LVL "
        "LVR MDC MLF MRO MTL MTP MVQ MXP MZE MZM NIC NLG PEH PEI PES PLZ RHD ROK RUR SDD SDP "
        "SIT SKK SLL SRG STD SUR TJR TMM UAK UGS UGW USS UYN UYP VEB VEF VNC XEU YDD YUD YUM "
        "YUN ZAL ZMK ZRN ZRZ ZWC ZWD ZWL ZWN ZWR "
    ),
}


def _by_code(table: dict[int, str]) -> dict[str, int]:
    return {code: digits for digits, codes in table.items() for code in codes.split()}


CURRENT: Final = frozenset(_by_code(_CURRENT))
#: Digits after the decimal point of each currency's minor unit, 0 to 4; 0 where ISO 4217 names none
#: (metals, funds).
MINOR_UNITS: Final = _by_code(_RETIRED) | _by_code(_CURRENT)


def is_currency(code: str) -> bool:
    """Whether this is the code of a currency in use today."""
    return code in CURRENT
