"""The names by which a service may be called.

A page of another site can make a browser resolve its own name to this machine (DNS rebinding), and then read what the
service answers. Such a request has that name in its header Host.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from ipaddress import ip_address

ANY = "*"


def is_allowed(host: str, names: AbstractSet[str]) -> bool:
    """Whether a header Host is one of ``names`` (lower case), ``localhost`` or an IP address, with any port.

    An IP address is always allowed: no other site's page has one as its name.
    """
    if ANY in names:
        return True
    name = host_name(host)
    return name in names or name == "localhost" or name.endswith(".localhost") or is_address(name)


def host_name(host: str) -> str:
    """The name in a header Host, in lower case, without port, brackets and the dot at its end."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().removesuffix(".")


def is_address(name: str) -> bool:
    """Whether a name is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
