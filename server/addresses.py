"""What an address of the network is: so far, whether it is this machine's own."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Only this machine can be there. A name is not looked up: what it means may change."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
