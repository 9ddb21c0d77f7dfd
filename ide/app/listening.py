"""Where the workbench listens: an address of this machine and a free port, found before a start."""

from __future__ import annotations

import errno
import ipaddress
import socket
from dataclasses import dataclass

from ide.dataset.errors import UpwellError


class PortInUseError(UpwellError):
    """The port that was asked for belongs to another process."""

    def __init__(self, port: int, url: str) -> None:
        """Keep the port."""
        self.port = port
        super().__init__(
            f"port {port} is in use, by another workbench perhaps: open "
            f"{url}, or choose another with: upwell open --port {port + 1}"
        )


class AddressError(UpwellError):
    """Nothing can listen at the address that was asked for."""

    def __init__(self, address: str, port: int, why: str) -> None:
        """Keep the values."""
        self.address, self.port = address, port
        super().__init__(
            f"cannot listen at {address[:80]!r}, port {port} ({why}): --address wants one of this "
            "machine's, such as localhost, 127.0.0.1 or ::1, or 0.0.0.0 or :: for all of them"
        )


@dataclass(frozen=True)
class Place:
    """An address that this machine has, as asked for and as a number, and a port."""

    address: str
    ip: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether only this machine gets there."""
        ip = ipaddress.ip_address(self.ip)
        return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback

    @property
    def names(self) -> frozenset[str]:
        """What the address is called, as it was asked for and as a number."""
        return frozenset({self.address, ipaddress.ip_address(self.ip).compressed})

    @property
    def url(self) -> str:
        """What to open on this machine."""
        is_everywhere = ipaddress.ip_address(self.ip).is_unspecified
        return _url("localhost" if is_everywhere else self.address, self.port)


def place_to_listen(address: str, port: int) -> Place:
    """Return where a server can listen. Raises ``PortInUseError`` and ``AddressError``."""
    asked = address.strip().lower().removeprefix("[").removesuffix("]")
    if not asked:  # to a socket nothing means everywhere
        raise AddressError(address, port, "it is empty")
    place = Place(asked, _bound_ip(asked, port, address), port)
    if asked == "localhost" and socket.has_ipv6:
        _check_other_localhost(place)
    return place


def _bound_ip(asked: str, port: int, address: str) -> str:
    """Bind a socket for a moment, as Streamlit will, and return its address as a number."""
    family = socket.AF_INET6 if ":" in asked else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            probe.bind((asked, port))
            return str(probe.getsockname()[0])
    except UnicodeError as error:  # a label of more than 63 letters
        raise AddressError(address, port, "no name of a machine") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            url = _url("localhost" if asked in ("0.0.0.0", "::") else asked, port)
            raise PortInUseError(port, url) from error
        why = (error.strerror or str(error)).lower()
        raise AddressError(address, port, why) from error


def _check_other_localhost(place: Place) -> None:
    """Refuse a port at which a browser that tries ::1 first would find another server."""
    try:
        _bound_ip("::1", place.port, "::1")
    except AddressError:
        return  # this machine has no ::1


def _url(name: str, port: int) -> str:
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
