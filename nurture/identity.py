"""Who is who: addresses and numbers in one spelling, so that one person is one contact."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from unicodedata import normalize

from nurture.clock.places import STATES, state_of_number, zone_of_city, zone_of_country, zone_of_state

_LETTER = r"[a-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]"  # RFC 5322; beyond ASCII RFC 6532
_LOCAL = re.compile(rf"{_LETTER}+(?:\.{_LETTER}+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")


@lru_cache(maxsize=4096)
def email(text: str) -> str | None:
    """An e-mail address in lower case, its domain in ASCII; None for what is no address.

    The part before the @ is lowered too: no mailbox provider in use tells `Ana@` from `ana@`, and
    spreadsheets spell them as they please. Dots and `+tags` stay, since providers differ there. Letters beyond
    ASCII may stand there (RFC 6531), composed as most keyboards write them.
    """
    local, at, domain = text.strip().lower().rpartition("@")
    if not local.isascii():
        local = normalize("NFC", local) if local.isprintable() else ""
    if not at or len(local.encode()) > 64:
        return None
    host = ascii_domain(domain)
    found = f"{local}@{host}"
    if len(found.encode()) > 254 or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(host):
        return None
    return found


# Gmail leaves out dots and what follows a plus sign: https://support.google.com/mail/answer/7436150 and
# https://support.google.com/mail/answer/22370
GMAIL = ("gmail.com", "googlemail.com")


def mailbox(address: str) -> str:
    """Where mail to this address (as `email` spells it) arrives: where a provider says that several spellings of it are
    one mailbox, the same for all of them."""
    local, _, domain = address.rpartition("@")
    if domain not in GMAIL:
        return address
    return f"{local.partition('+')[0].replace('.', '')}@{GMAIL[0]}"


def ascii_domain(domain: str) -> str:
    """The domain as the DNS has it (IDNA 2008, which tells `straße` from `strasse`); nothing where it can't be one."""
    if domain.isascii():
        return domain
    import idna  # its tables are only needed for domains with accents

    try:
        return str(idna.encode(domain, uts46=True).decode())
    except idna.IDNAError:
        return ""


def network(address: str) -> str | None:
    """The network that an IP address is in, with which it is no longer one person's: of IPv4 without the last 8 bits,
    of IPv6 without the last 80, as Google Analytics masks addresses. None for what is no address.

    https://support.google.com/analytics/answer/2763052
    """
    try:
        found = ip_address(address.strip())
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found), 48), strict=False))
    return str(IPv4Network((int(found), 24), strict=False))


@lru_cache(maxsize=8192)
def phone(text: str, country: str) -> str | None:
    """A phone number in E.164; None for what is no number. `country` is meant where it has no `+`.

    Where a number has two spellings, both are one person: a Brazilian mobile gets the ninth digit, a Mexican one loses the
    1 that WhatsApp still puts before it, and what may be an Argentine mobile gets its 9.
    """
    import phonenumbers as lib  # its tables take a while to load

    try:
        number = lib.parse(text, country.strip().upper() or None)
        if respelled := _RESPELLED.get(number.country_code or 0):
            national = respelled(lib.national_significant_number(number))
            number = lib.parse(f"+{number.country_code}{national}", None)
    except lib.NumberParseException:
        return None
    return str(lib.format_number(number, lib.PhoneNumberFormat.E164)) if lib.is_valid_number(number) else None


def _ninth(national: str) -> str:
    """Area code and number; mobiles of the old plan began with 6 to 9 (Anatel, resolution 553)."""
    return f"{national[:2]}9{national[2:]}" if len(national) == 10 and national[2] in "6789" else national


def _without_one(national: str) -> str:
    """Mexican mobiles had a 1 before their ten digits until August 2019, and have it as WhatsApp ids."""
    return national[1:] if len(national) == 11 and national[0] == "1" else national


def _with_nine(national: str) -> str:
    """Argentine mobiles have a 9 when called from abroad, as WhatsApp ids do; at home people leave it out, and without it
    landlines look the same. Service numbers begin with 6 or 8."""
    return f"9{national}" if len(national) == 10 and national[0] in "123" else national


_RESPELLED: Mapping[int, Callable[[str], str]] = {52: _without_one, 54: _with_nine, 55: _ninth}


def home_of(phone: str | None, country: str | None, state: str | None, native: str = "BR") -> tuple[str, str]:
    """The country and state where a person probably lives; empty is what nothing says.

    What is written of her address goes before what her number (E.164) says. States are those of Brazil and of the
    United States; one without a country is meant where the number is from, else in the `native` one.
    """
    state = (state or "").strip().upper()
    by_phone = _country_of(phone) if phone else ""
    country = (country or "").strip().upper()
    if not country:
        nations = (by_phone, native, *STATES)
        country = next((each for each in nations if state in STATES.get(each, ())), by_phone)
    if country not in STATES:
        return country, ""
    if state not in STATES[country]:
        state = (state_of_number(phone) or "") if phone and by_phone == country else ""
    return country, state


def region_of(phone: str | None, country: str | None, state: str | None, native: str = "BR") -> str:
    """Where a person probably lives: "BR-SP", "US-FL", "PT"; empty is what nothing says."""
    country, state = home_of(phone, country, state, native)
    return f"{country}-{state}" if state else country


def zone_of(
    phone: str | None,
    country: str | None,
    state: str | None,
    company: str,
    *,
    city: str | None = None,
    native: str = "BR",
) -> tuple[str, str]:
    """The zone that a person probably lives in, and what says so: city, state, area_code, country or company.

    `phone` is in E.164, `company` the company's zone and `native` its country.
    """
    home, inside = home_of(phone, country, state, native)
    written = bool(inside) and (state or "").strip().upper() == inside
    if home == "BR" and city and (zone := zone_of_city(inside, city)):
        return zone, "city"
    here = phone is not None and home in ("US", "CA") and (not written or state_of_number(phone) == inside)
    if here and phone and (zone := _zone_of_number(phone, home)):  # a state may have two zones
        return zone, "area_code"
    if inside and (zone := zone_of_state(inside, home)):
        return zone, "state" if written else "area_code"
    zone = zone_of_country(home) if home else None
    return (zone, "country") if zone else (company, "company")


@lru_cache(maxsize=8192)
def _zone_of_number(phone: str, country: str) -> str | None:
    """The zone of a North American number, where its area has only one."""
    import phonenumbers as lib
    from phonenumbers import timezone

    try:
        number = lib.parse(phone, None)
    except lib.NumberParseException:
        return None
    zones = timezone.time_zones_for_geographical_number(number) if _country_of(phone) == country else ()
    return zones[0] if len(zones) == 1 and zones[0] != timezone.UNKNOWN_TIMEZONE else None


@lru_cache(maxsize=8192)
def _country_of(phone: str) -> str:
    import phonenumbers as lib

    try:
        return lib.region_code_for_number(lib.parse(phone, None)) or ""
    except lib.NumberParseException:
        return ""
