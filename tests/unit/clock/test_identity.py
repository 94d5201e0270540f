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
        pytest.param("12345", None, id="too short"),
        pytest.param("ana@loja.com", None, id="no number"),
        pytest.param("", None, id="empty"),
    ],
)
def test_numbers(text: str, found: str | None) -> None:
    assert identity.phone(text, "BR") == found


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
        pytest.param("+999", "XX", "??", ("America/Recife", "company"), id="nonsense"),
    ],
)
def test_zones(phone: str | None, country: str | None, state: str | None, zone: tuple[str, str]) -> None:
    assert identity.zone_of(phone, country, state, "America/Recife") == zone
