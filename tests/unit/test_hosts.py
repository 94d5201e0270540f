"""Where webhooks may go."""

from __future__ import annotations

import pytest

from nurture import hosts

LISTED = ("crm.example", "crm.example:8443", "10.0.0.5:8080", "192.168.7.0/24", "[::1]:8080")


IN_ASCII = {
    "https://shop.example:8443/a?b=%20#c": "https://shop.example:8443/a?b=%20#c",
    "https://Straße.example": "https://xn--strae-oqa.example",
    "https://例え.example:8443/olá?x=é": "https://xn--r8jz45g.example:8443/ol%C3%A1?x=%C3%A9",
    "https://[2001:db8::1]:8443/olá": "https://[2001:db8::1]:8443/ol%C3%A1",
}


@pytest.mark.parametrize("url", IN_ASCII)
def test_an_address_is_written_as_requests_have_it(url: str) -> None:
    assert hosts.in_ascii(url) == IN_ASCII[url]


def test_a_host_that_none_can_have_is_told() -> None:
    with pytest.raises(ValueError, match=r"'-ü-\.example' is no name"):
        hosts.in_ascii("https://-ü-.example/")


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example/leads?source=nurture",
        "https://CRM.example",
        "https://crm.example:8443/leads",
        "http://10.0.0.5:8080/leads",
        "https://192.168.7.9/leads",
        "http://[::1]:8080/",
    ],
)
def test_what_is_listed_may_be_called(url: str) -> None:
    assert hosts.why_not(url, LISTED) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://other.example/", "no webhook may go to 'other.example'"),
        ("https://crm.example.evil.example/", "no webhook may go to 'crm.example.evil.example'"),
        ("https://sub.crm.example/", "no webhook may go to 'sub.crm.example'"),
        ("https://crm.example:22/", "no webhook may go to 'crm.example:22'"),
        ("https://10.0.0.6:8080/", "no webhook may go to '10.0.0.6:8080'"),
        ("https://169.254.169.254/latest", "no webhook may go to '169.254.169.254'"),
        ("http://crm.example/", "what leaves the network is encrypted: write https://"),
    ],
)
def test_what_is_not_listed_may_not(url: str, why: str) -> None:
    assert hosts.why_not(url, LISTED) == why


@pytest.mark.parametrize(
    "url",
    [
        "crm.example/leads",
        "ftp://crm.example/",
        "https:///leads",
        "https://ana:word@crm.example/",
        "https://crm.example/#top",
        "https://crm.example/a b",
        "https://crm.example\\@evil.example/",
        "https://crm.example:99999/",
        "https://crm.example/\r\nHost: evil.example",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected|no address|password"):
        hosts.place(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "fec0::1",
        "2002:7f00:1::1",
        "::127.0.0.1",
        "::ffff:0:10.0.0.1",
        "fec0::1%eth0",
    ],
)
def test_a_name_that_leads_inside_goes_nowhere(address: str) -> None:
    assert not hosts.may_reach(address, ("crm.example",))


def test_unless_the_address_itself_is_listed() -> None:
    assert hosts.may_reach("10.0.0.5", LISTED)
    assert hosts.may_reach("192.168.7.200", LISTED)
    assert not hosts.may_reach("192.168.8.1", LISTED)
    assert hosts.may_reach("fec0::1", ("fec0::/64",))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:4700::1111", "64:ff9b::5db8:d70e", "2002:5db8:d70e::1"]
)
def test_a_name_that_leads_outside_goes_there(address: str) -> None:
    assert hosts.may_reach(address, ())


@pytest.mark.parametrize("text", ["https://crm.example", "crm example", "*", "", "-crm.example"])
def test_what_is_no_host_is_not_listed(text: str) -> None:
    with pytest.raises(ValueError, match="expected a host"):
        hosts.entry(text)
