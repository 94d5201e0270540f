"""One spelling for each address and number, so that one person is one contact."""

from __future__ import annotations

import pytest

from nurture import identity


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Ana@Loja.COM.BR", "ana@loja.com.br", id="capitals"),
        pytest.param("  ana@loja.com ", "ana@loja.com", id="spaces around"),
        pytest.param("ana.b+news@loja.com", "ana.b+news@loja.com", id="dots and tags stay"),
        pytest.param("ana@lojã.com.br", "ana@xn--loj-ola.com.br", id="a domain with an accent"),
        pytest.param("ana@xn--loj-ola.com.br", "ana@xn--loj-ola.com.br", id="and its other spelling"),
        pytest.param(
            "ana@straße.de", "ana@xn--strae-oqa.de", id="and a letter that older rules spelt otherwise"
        ),
        pytest.param("João@loja.com", "joão@loja.com", id="an accent before the @"),
        pytest.param("joa\u0303o@loja.com", "joão@loja.com", id="an accent apart from its letter"),
        pytest.param("用户@例え.jp", "用户@xn--r8jz45g.jp", id="another script"),
        pytest.param("an\u200ba@loja.com", None, id="an invisible sign"),
        pytest.param("an\u00a0a@loja.com", None, id="a blank that is none"),
        pytest.param("ã" * 33 + "@loja.com", None, id="too long in octets"),
        pytest.param("ana", None, id="no @"),
        pytest.param("ana@loja", None, id="no top domain"),
        pytest.param("ana..b@loja.com", None, id="two dots"),
        pytest.param("ana b@loja.com", None, id="a space inside"),
        pytest.param("ana@loja.com\r\nBcc: x@y.com", None, id="a header inside"),
        pytest.param("a" * 65 + "@loja.com", None, id="too long"),
        pytest.param("ana@" + "ã" * 300 + ".com", None, id="a domain that can't be"),
        pytest.param("", None, id="empty"),
    ],
)
def test_addresses(text: str, found: str | None) -> None:
    assert identity.email(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("+55 (11) 98123-4567", "+5511981234567", id="as printed"),
        pytest.param("11 98123-4567", "+5511981234567", id="without country"),
        pytest.param("(11) 8123-4567", "+5511981234567", id="without the ninth digit"),
        pytest.param("+551181234567", "+5511981234567", id="without it, international"),
        pytest.param("11 3123-4567", "+551131234567", id="a fixed line gets none"),
        pytest.param("+351 912 345 678", "+351912345678", id="another country"),
        pytest.param("+5215512345678", "+525512345678", id="a Mexican mobile as WhatsApp writes it"),
        pytest.param("+52 55 1234 5678", "+525512345678", id="and as it is dialled"),
        pytest.param("+5491123456789", "+5491123456789", id="an Argentine mobile from abroad"),
        pytest.param("+54 11 2345-6789", "+5491123456789", id="without its 9"),
        pytest.param("+54 11 15-2345-6789", "+5491123456789", id="as it is dialled at home"),
        pytest.param("+54 800 123 4567", "+548001234567", id="an Argentine service number"),
        pytest.param("12345", None, id="too short"),
        pytest.param("ana@loja.com", None, id="no number"),
        pytest.param("", None, id="empty"),
    ],
)
def test_numbers(text: str, found: str | None) -> None:
    assert identity.phone(text, "BR") == found


@pytest.mark.parametrize(
    ("address", "found"),
    [
        pytest.param("203.0.113.7", "203.0.113.0/24", id="IPv4"),
        pytest.param(" 203.0.113.255 ", "203.0.113.0/24", id="spaces around"),
        pytest.param("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3::/48", id="IPv6"),
        pytest.param("::1", "::/48", id="a small number of IPv6"),
        pytest.param("fe80::1%eth0", "fe80::/48", id="with an interface"),
        pytest.param("::ffff:203.0.113.7", "203.0.113.0/24", id="IPv4 in IPv6"),
        pytest.param("203.0.113", None, id="half of one"),
        pytest.param("203.0.113.7, 198.51.100.9", None, id="two"),
        pytest.param("unknown", None, id="a word"),
        pytest.param("", None, id="empty"),
    ],
)
def test_a_network_is_of_many(address: str, found: str | None) -> None:
    assert identity.network(address) == found


@pytest.mark.parametrize(
    ("phone", "country", "state", "zone"),
    [
        pytest.param("+5592991234567", None, None, ("America/Manaus", "area_code"), id="Davi's number"),
        pytest.param(
            "+5592991234567", "BR", "SP", ("America/Sao_Paulo", "state"), id="his address says more"
        ),
        pytest.param(
            "+5511981234567", "PT", None, ("Europe/Lisbon", "country"), id="he has moved to Portugal"
        ),
        pytest.param(
            "+351912345678", None, None, ("Europe/Lisbon", "country"), id="the country of the number"
        ),
        pytest.param(None, "BR", None, ("America/Sao_Paulo", "country"), id="country alone"),
        pytest.param(None, None, None, ("America/Recife", "company"), id="nothing known"),
        pytest.param(
            "+5597991234567", None, None, ("America/Manaus", "area_code"), id="an area code with two zones"
        ),
        pytest.param("+18504321234", None, None, ("America/Chicago", "area_code"), id="Pensacola"),
        pytest.param("+18505551234", "US", "FL", ("America/New_York", "area_code"), id="less than a state"),
        pytest.param("+13055551234", "US", "TX", ("America/Chicago", "state"), id="moved to Texas"),
        pytest.param("+19155551234", None, "tx", ("America/Denver", "area_code"), id="El Paso"),
        pytest.param(
            "+16055551234", None, None, ("America/Chicago", "area_code"), id="a state with two zones"
        ),
        pytest.param("+18005551234", None, None, ("America/New_York", "country"), id="a number of no place"),
        pytest.param("+14165551234", None, None, ("America/Toronto", "area_code"), id="Canada"),
        pytest.param("+17875551234", None, None, ("America/Puerto_Rico", "country"), id="Puerto Rico"),
        pytest.param("+351912345678", None, "SP", ("America/Sao_Paulo", "state"), id="lives in Brazil"),
        pytest.param("+999", "XX", "??", ("America/Recife", "company"), id="nonsense"),
    ],
)
def test_zones(phone: str | None, country: str | None, state: str | None, zone: tuple[str, str]) -> None:
    assert identity.zone_of(phone, country, state, "America/Recife") == zone


@pytest.mark.parametrize(
    ("phone", "country", "state", "native", "region"),
    [
        pytest.param("+5592991234567", None, None, "BR", "BR-AM", id="by number"),
        pytest.param("+5592991234567", "BR", "sp", "BR", "BR-SP", id="by address"),
        pytest.param("+13055551234", None, None, "BR", "US-FL", id="an American number"),
        pytest.param("+13055551234", "BR", None, "BR", "BR", id="an American number in Brazil"),
        pytest.param(None, None, "MT", "BR", "BR-MT", id="Mato Grosso"),
        pytest.param(None, None, "MT", "US", "US-MT", id="Montana, where the company is American"),
        pytest.param("+13055551234", None, "PA", "BR", "US-PA", id="Pennsylvania, by the number"),
        pytest.param("+351912345678", None, None, "BR", "PT", id="no states"),
        pytest.param(None, None, None, "BR", "", id="unknown"),
    ],
)
def test_where_somebody_lives(
    phone: str | None, country: str | None, state: str | None, native: str, region: str
) -> None:
    assert identity.region_of(phone, country, state, native) == region
