"""Which addresses pictures may be fetched from."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.inspect.remote.addresses import is_allowed

INSIDE = (
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1",
    "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001::1", "2001:0:53aa:64c::1",
    "2001:db8::1", "2002:7f00:1::1", "3fff::1", "4000::1",
)  # fmt: skip
OUTSIDE = ("8.8.8.8", "1.1.1.1", "100.63.255.255", "172.15.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00::1")


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_public_is_allowed(address: str) -> None:
    assert is_allowed(ip_address(address))


def test_networks_are_allowed_by_name_and_no_others_with_them() -> None:
    networks = (ip_network("127.0.0.1/32"), ip_network("fd00::/8"))

    assert is_allowed(ip_address("127.0.0.1"), networks)
    assert is_allowed(ip_address("fd00::1"), networks)
    for other in ("127.0.0.2", "::ffff:127.0.0.1", "fc00::1", "10.0.0.1"):
        assert not is_allowed(ip_address(other), networks)


@given(st.ip_addresses(v=4))
def test_no_disguise_makes_an_address_public(address: IPv4Address) -> None:
    number = int(address)
    for disguised in (0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert not is_allowed(IPv6Address(disguised))


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_allowed(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert not is_allowed(address)
