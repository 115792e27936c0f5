import socket
from collections.abc import Iterator

import pytest

LOOPBACK = ("127.0.0.1", "localhost", "::1", None)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test whose client asks for any other machine, also where it would not mind to get no answer."""
    asked = []

    def only_loopback(function):
        def checked(host, *arguments, **options):
            if host not in LOOPBACK:
                asked.append(host)
                raise socket.gaierror(f"no network in a test: {host}")
            return function(host, *arguments, **options)

        return checked

    # Whoever goes by a name or an address through the libraries of Python comes through here.
    monkeypatch.setattr(socket, "getaddrinfo", only_loopback(socket.getaddrinfo))
    yield
    assert not asked, f"the client wants to talk to {asked}"
