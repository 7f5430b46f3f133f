"""URLs that lead inside, or try to. `{port}` is that of a listener which nobody may reach.

Each line: the URL, the rule that refuses it, and what its address is where that decides.
"""

from __future__ import annotations

from tintype.media.addresses import Zone
from tintype.media.fetch_errors import Rule

Hostile = tuple[str, Rule, Zone | None]


def _addresses(zone: Zone, *hosts: str) -> list[Hostile]:
    return [(f"https://{host}:{{port}}/", Rule.ADDRESS, zone) for host in hosts]


def _texts(rule: Rule, *urls: str) -> list[Hostile]:
    return [(url, rule, None) for url in urls]


ADDRESSES: list[Hostile] = [
    *_addresses(Zone.LOOPBACK, "127.0.0.1", "127.0.0.2", "127.255.255.254", "[::1]", "[0:0:0:0:0:0:0:1]"),
    *_addresses(Zone.LOOPBACK, "localhost", "LOCALHOST", "localhost."),
    *_addresses(Zone.UNSPECIFIED, "0.0.0.0", "[::]"),  # noqa: S104 - not bound to: on Linux it reaches loopback
    *_addresses(Zone.PRIVATE, "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "[fc00::1]"),
    *_addresses(Zone.PRIVATE, "[fd12:3456:789a::1]", "[fec0::1]", "[64:ff9b:1::a00:1]", "[64:ff9b::a00:1]"),
    *_addresses(Zone.LINK_LOCAL, "169.254.1.1", "[fe80::1]"),
    *_addresses(Zone.METADATA, "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16"),
    *_addresses(Zone.METADATA, "192.0.0.192", "[fd00:ec2::254]", "[fd20:ce::254]", "[64:ff9b::a9fe:a9fe]"),
    *_addresses(Zone.SHARED, "100.64.0.1", "100.127.255.254"),
    *_addresses(Zone.MULTICAST, "224.0.0.1", "239.255.255.250", "[ff02::1]", "[ff0e::1]"),
    *_addresses(Zone.DOCUMENTATION, "192.0.2.1", "198.51.100.1", "203.0.113.1", "[2001:db8::1]", "[3fff::1]"),
    *_addresses(Zone.BENCHMARK, "198.18.0.1", "198.19.255.254", "[2001:2::1]"),
    *_addresses(Zone.RESERVED, "0.1.2.3", "240.0.0.1", "255.255.255.255", "192.88.99.1", "[100::1]"),
    *_addresses(Zone.RESERVED, "[2001:20::1]", "[5f00::1]", "[4000::1]"),
    *_addresses(Zone.EMBEDDING, "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:169.254.169.254]"),
    *_addresses(
        Zone.EMBEDDING, "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[2002:7f00:1::]"
    ),
    *_addresses(Zone.EMBEDDING, "[2001:0:7f00:1::1]"),
    *_addresses(Zone.LOOPBACK, "[64:ff9b::127.0.0.1]", "[2606:4700::5efe:127.0.0.1]"),
]

TEXTS: list[Hostile] = [
    *_texts(
        Rule.NOTATION,
        "https://127.1:{port}/",
        "https://127.0.1:{port}/",
        "https://127.0.0.1.:{port}/",
        "https://2130706433:{port}/",
        "https://017700000001:{port}/",
        "https://0x7f000001:{port}/",
        "https://0X7F.1:{port}/",
        "https://0x7f.0x0.0x0.0x1:{port}/",
        "https://0:{port}/",
        "https://0x:{port}/",
        "https://134744072:{port}/",
        "https://1.2.3.4.5:{port}/",
        "https://evil.test.1:{port}/",
        "https://127\u30020\u30020\u30021:{port}/",
        "https://127\uff0e0.0\uff611:{port}/",
        "https://%31%32%37.0.0.1:{port}/",
        "https://[fe80::1%25lo]:{port}/",
        "https://[::1%25lo]:{port}/",
    ),
    *_texts(
        Rule.NOT_A_URL,
        "https://0177.0.0.1:{port}/",
        "https://127.0.0.01:{port}/",
        "https://127.000.000.001:{port}/",
        "https://256.0.0.1:{port}/",
        "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/",
        "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{port}/",
        "https://\u24dbocalhost:{port}/",
        "https://[::1:{port}/",
        "https://[127.0.0.1]:{port}/",
        "https://[v1.7f000001]:{port}/",
        "https://::1:{port}/",
        "https://127.0.0.1:{port}:443/",
        "https://127.0.0.1:https/",
        "https://127.0.0.1:{port}\t/",
        "https://127.0.0.1\r\nHost: evil.test:{port}/",
        "https://localhost\0.evil.test:{port}/",
    ),
    *_texts(
        Rule.NOT_A_HOST,
        "https://localhost..:{port}/",
        "https://.localhost:{port}/",
        "https://loc%61lhost:{port}/",
        "https://localhost%00.evil.test:{port}/",
        "https://127.0.0.1%2eevil:{port}/",
        "https://localhost\\.evil.test:{port}/",
        "https://localhost evil:{port}/",
        "https://-localhost:{port}/",
        "https://" + "a" * 64 + ":{port}/",
        "https://" + "a." * 127 + "b:{port}/",
        "https:///127.0.0.1:{port}/",
        "https:127.0.0.1:{port}/",
        "https:\\\\127.0.0.1:{port}/",
        "https:",
    ),
    *_texts(
        Rule.USER_INFORMATION,
        "https://evil.test@127.0.0.1:{port}/",
        "https://127.0.0.1:{port}@evil.test/",
        "https://evil.test\\@127.0.0.1:{port}/",
        "https://evil.test%2f@127.0.0.1:{port}/",
        "https://:@127.0.0.1:{port}/",
        "https://@127.0.0.1:{port}/",
    ),
    *_texts(
        Rule.SCHEME,
        "http://127.0.0.1:{port}/",
        "http://evil.test/",
        "HTTP://localhost:{port}/",
        "ftp://127.0.0.1:{port}/",
        "gopher://127.0.0.1:{port}/_PING",
        "dict://127.0.0.1:{port}/",
        "ws://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "unix:///run/docker.sock",
        "data:text/plain,hello",
        "javascript:alert(1)",
        "//127.0.0.1:{port}/",
        "127.0.0.1:{port}",
        " https://127.0.0.1:{port}/",
        "",
    ),
    *_texts(
        Rule.PORT,
        "https://127.0.0.1:22/",
        "https://127.0.0.1:5432/",
        "https://127.0.0.1:80/",
        "https://127.0.0.1:0/",
        "https://127.0.0.1:65536/",
        "https://127.0.0.1:-1/",
    ),
]

# What the name server says of each; a fetcher is asked for `https://NAME:{port}/`.
NAMES: list[tuple[str, tuple[str, ...], Zone]] = [
    ("loopback.evil.test", ("127.0.0.1",), Zone.LOOPBACK),
    ("six.evil.test", ("::1",), Zone.LOOPBACK),
    ("any.evil.test", ("0.0.0.0",), Zone.UNSPECIFIED),  # noqa: S104 - an answer, not bound to
    ("mapped.evil.test", ("::ffff:127.0.0.1",), Zone.EMBEDDING),
    ("nat.evil.test", ("64:ff9b::7f00:1",), Zone.LOOPBACK),
    ("inner.evil.test", ("192.168.0.10",), Zone.PRIVATE),
    ("metadata.google.internal", ("169.254.169.254",), Zone.METADATA),
    ("both.evil.test", ("93.184.216.34", "127.0.0.1"), Zone.LOOPBACK),
    ("families.evil.test", ("93.184.216.34", "::1"), Zone.LOOPBACK),
    ("last.evil.test", (*(f"93.184.216.{last}" for last in range(20)), "10.0.0.1"), Zone.PRIVATE),
    ("127.0.0.1.nip.test", ("127.0.0.1",), Zone.LOOPBACK),
    ("xn--bcher-kva.evil.test", ("127.0.0.1",), Zone.LOOPBACK),
    ("b\u00fccher.evil.test", ("127.0.0.1",), Zone.LOOPBACK),
    ("postgres", ("172.18.0.2",), Zone.PRIVATE),
]
