"""Which IP addresses the whole internet can reach: no other may be connected to for a stranger."""

import ipaddress

_REFUSED = [
    ipaddress.ip_network(each)
    for each in (
        "100.64.0.0/10",  # carriers' own
        "168.63.129.16/32",  # a cloud's service for its machines, at a public address
        "192.88.99.0/24",  # relays of 6to4
        # Addresses that stand for an IPv4 address, which may be anybody's: NAT64, 6to4, Teredo, compatible, translated.
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "::ffff:0:0:0/96",
    )
]


def is_public(ip: str) -> bool:
    """Tell whether the whole internet knows an IP address as one machine's, and not in a form that hides another."""
    try:
        parsed = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and (
        parsed.ipv4_mapped or parsed.scope_id or parsed.is_site_local
    ):
        return False
    special = parsed.is_private or parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified
    if special or parsed.is_loopback or parsed.is_link_local or not parsed.is_global:
        return False
    return not any(parsed in network for network in _REFUSED if network.version == parsed.version)
