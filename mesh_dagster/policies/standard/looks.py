"""What personal data looks like: values that can hardly be anything else.

Made to be quiet: a kind is recognised by a check digit, a fixed grammar or a rare mark, and only
where several values of a column show it. What stays undetected is told by its owner all the same;
what is detected wrongly would teach him to look away.
"""

from __future__ import annotations

import re

_ROLES = re.compile(
    r"abuse|admin|billing|booking|bookings|careers|contact|enquiries|events|feedback|git|"
    r"hello|help|helpdesk|hostmaster|hr|info|it|jobs|legal|mail|marketing|news|newsletter|"
    r"noreply|no-reply|office|ops|orders|postmaster|press|privacy|reservations|root|sales|"
    r"security|service|services|support|team|webmaster"
)
"""Mailboxes of nobody in particular."""

_FILES = re.compile(r"css|gif|ico|jpeg|jpg|js|json|mjs|pdf|png|svg|ts|webp|xml|yaml|yml")
"""What stands behind an @ in the name of a file (`icon@2x.png`)."""

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+/:-])([A-Za-z0-9._%+-]{1,64})@"
    r"((?:[A-Za-z0-9-]{1,63}\.){1,8})([A-Za-z]{2,24})(?![A-Za-z0-9@-])"
)
_WITH_COUNTRY = re.compile(r"\+[1-9][0-9 ()./-]{7,24}[0-9]")
_AMERICAN = re.compile(
    r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[.-][0-9]{4}"
)
_CARD = re.compile(r"[0-9]{13,19}|[0-9]{4}(?:[ -][0-9]{4,7}){2,3}(?:[ -][0-9]{1,5})?")
_BRANDS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15})|5[1-5][0-9]{14}|3[47][0-9]{13}|35(?:2[89]|[3-8][0-9])[0-9]{12}|"
    r"2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}|"
    r"6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}|3(?:0[0-5]|[68][0-9])[0-9]{11}"
)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_SOCIAL = re.compile(r"(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}")
_LICENCE = re.compile(r"[A-Z]{2,3}[./-]FCL[./ -][A-Z0-9./ -]{2,20}")
DIGIT = re.compile(r"[0-9]")

_IBAN_LENGTHS = dict(
    re.findall(
        r"([A-Z]{2})([0-9]{2})",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 "
        "DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 "
        "GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
        "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 "
        "PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 "
        "SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30",
    )
)


def is_email(text: str) -> bool:
    """Whether an e-mail address of a person stands in it."""
    return "@" in text and any(
        not _ROLES.fullmatch(found[1].lower()) and not _FILES.fullmatch(found[3].lower())
        for found in _EMAIL.finditer(text)
    )


def is_phone(text: str) -> bool:
    """Whether it is a telephone number that says so: with its country, or as Americans write it."""
    if _AMERICAN.fullmatch(text):
        return True
    if not _WITH_COUNTRY.fullmatch(text) or text.count("(") != text.count(")"):
        return False
    digits = len(DIGIT.findall(text))
    # A sign before a decimal, or two of them (ISO 6709), is a measure or a place.
    measured = text.count(".") in (1, 2) and not any(mark in text for mark in " ()/")
    return 8 <= digits <= 15 and not measured


def is_card(text: str) -> bool:
    """Whether it is the number of a payment card: of a brand, with its check digit (Luhn)."""
    if not _CARD.fullmatch(text):
        return False
    digits = text.replace(" ", "").replace("-", "")
    return _BRANDS.fullmatch(digits) is not None and luhn(digits)


def luhn(digits: str) -> bool:
    """Whether the last of these digits is the check digit of the others (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Whether it is a bank account: as long as its country's are, with its check digits."""
    account = text.replace(" ", "")
    if not _IBAN.fullmatch(account) or _IBAN_LENGTHS.get(account[:2]) != str(len(account)):
        return False
    moved = account[4:] + account[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def is_social_security_number(text: str) -> bool:
    """Whether it is one of the United States, with its hyphens."""
    return _SOCIAL.fullmatch(text) is not None


def is_pilot_licence(text: str) -> bool:
    """Whether it is a flight crew licence as the authorities of Europe number them."""
    return _LICENCE.fullmatch(text) is not None
