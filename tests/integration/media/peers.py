"""The other side of a fetch: servers that behave as a test says, a listener nobody may reach, wires in between."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpcore2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from httpcore2 import SOCKET_OPTION


@dataclass(slots=True)
class Exchange:
    """One request as it came, and the way to answer it."""

    method: str
    resource: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter = field(repr=False)

    async def send(self, *pieces: bytes) -> None:
        """Send bytes as they are."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """Send a whole answer; underscores in header names stand for hyphens."""
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode() + body)


class Peer:
    """A server on loopback, over TLS when it has a context, that does with each request what `behaviour` does.

    `asked` are the requests in order, `connections` counts connections, `names` what TLS was asked for.
    """

    def __init__(self, behaviour: Callable[[Exchange], Awaitable[None]]) -> None:
        self.asked: list[Exchange] = []
        self.connections = 0
        self.names: list[str | None] = []
        self.port = 0
        self._behaviour = behaviour
        self._writers: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def run(self, tls: ssl.SSLContext | None) -> AsyncIterator[Peer]:
        """Serve on a free port."""
        if tls is not None:
            tls.sni_callback = lambda _, name, __: self.names.append(name)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        # The fetcher hangs up in the middle of most of these answers.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while True:
                exchange = await self._read(reader, writer)
                self.asked.append(exchange)
                await self._behaviour(exchange)
                if writer.is_closing():
                    break
        self._writers.discard(writer)
        writer.close()

    @staticmethod
    async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, resource, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Exchange(method, resource, headers, body, writer)


class Wires(httpcore2.AsyncNetworkBackend):
    """The network: addresses in `routes` lead to a port of loopback, all others to themselves.

    `tried` are the addresses that were connected to, in order.
    """

    def __init__(self) -> None:
        self.routes: dict[str, int] = {}
        self.tried: list[str] = []
        self._real = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.tried.append(host)
        if host in self.routes:
            host, port = "127.0.0.1", self.routes[host]
        return await self._real.connect_tcp(host, port, timeout, local_address, socket_options)


class Forbidden:
    """A listener on every address of this machine. Nobody takes calls; the kernel keeps them for counting."""

    def __init__(self) -> None:
        if socket.has_dualstack_ipv6():
            self._socket = socket.create_server(
                ("", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128
            )
        else:
            self._socket = socket.create_server(("", 0), backlog=128)
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]

    def count(self) -> int:
        """Count the connections that came about since last asked."""
        found = 0
        while True:
            try:
                taken, _ = self._socket.accept()
            except BlockingIOError:
                return found
            taken.close()
            found += 1

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test's authority")])
        certificate = self._certificate(self._name, self._key.public_key(), ca=True)
        (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def trusted(self) -> ssl.SSLContext:
        """What a client needs to trust this authority and no other."""
        return ssl.create_default_context(cafile=self._folder / "ca.pem")

    def server(self, *hosts: str, days: int = 30) -> ssl.SSLContext:
        """What a server needs to be these hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test's server")])
        certificate = self._certificate(subject, key.public_key(), hosts=hosts, days=days)
        file = self._folder / f"{hosts[0].replace('*', 'any')}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        ca: bool = False,
        hosts: Sequence[str] = (),
        days: int = 30,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        authority = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=60))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority), critical=False
            )
        )
        if ca:
            builder = builder.add_extension(
                x509.KeyUsage(
                    digital_signature=False,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())
