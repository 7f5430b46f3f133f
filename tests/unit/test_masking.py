"""Masking: what is secret goes, wherever it stands in a text; the rest of the text stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import masking

SECRET = "s3cretValue0123456789"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a token r8_abcDEF123 in words", "a token r8_**** in words"),
        ("keys tt_abc-def_1.", "keys tt_****"),
        ("whsec_abc+/9==", "whsec_****"),
        ("Authorization: Bearer abc.def", "Authorization: ****"),
        ("{'authorization': 'Token abcdef'}", "{'authorization': '****'}"),
        ("[(b'Authorization', b'Bearer abcdef')]", "[(b'Authorization', b'****')]"),
        ('{\\"Authorization\\": \\"Bearer abcdef\\"}', '{\\"Authorization\\": \\"****\\"}'),
        ("Set-Cookie: session=abc; Path=/", "Set-Cookie: ****"),
        ("sent bearer abcdefgh12", "sent bearer ****"),
        ("https://me:se@same@host/db", "https://****@host/db"),
        ("postgresql://me:se/s#a@me@host/db", "postgresql://****@host/db"),
        ("password='a b' user=me", "password=**** user=me"),
        ("GET /api/generations?prompt=a+boat&token=x HTTP/1.1", "GET /api/generations?**** HTTP/1.1"),
        ("https://host/a?b=c#d", "https://host/a?****"),
        ("https://host/a#access=c", "https://host/a#****"),
        (r"https://host\path#access=c", r"https://host\path#****"),
        ("POST /hooks/replicate/abc 200", "POST /hooks/replicate/**** 200"),
        (f"GET /media/{SECRET}/1.png 200", "GET /media/**** 200"),
        (f"GET /media/v1/{SECRET}?download=1 200", "GET /media/v1/**** 200"),
        ("https://replicate.delivery/xezq/abc/out.png", "https://replicate.delivery/****"),
        ("https://stream-b.svc.rd.replicate.com", "https://stream-b.svc.rd.replicate.com"),
        ("data:image/png;base64,iVBORw0KGgo=", "data:image/png;base64,****"),
        (
            "CheckViolation: new row\nDETAIL:  Failing row contains (7, a\n\nboat).\nCONTEXT:  a function",
            "CheckViolation: new row\nDETAIL:  ****\nCONTEXT:  a function",
        ),
    ],
)
def test_secrets_go_and_the_rest_stays(text: str, expected: str) -> None:
    assert masking.masked(text) == expected
    assert masking.masked(expected) == expected


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "/media/a",
            "a?",
            "a%3F?",
            "://a",
            "://a#",
            "://a@",
            "postgres://",
            "a.",
            "a://",
            "data:",
            "password",
            "'",
        ),
        *(
            "authorization",
            "authorization:",
            "bearer ",
            "cookie ",
            "x-api-key,",
            "tt_",
            "://a.",
            "://stream-",
            '\\"',
        ),
        *(
            "/streams/a.",
            "/share/-",
            "password=",
            "password ",
            "?=",
            "basic",
            "/hooks/replicate/ ",
            "DETAIL:  a",
            "\n\nThe ",
        ),
    ],
)
def test_the_time_grows_as_the_text(piece: str) -> None:
    """A megabyte that begins a secret again and again; looked at anew from each beginning it would take hours."""
    masking.masked(f"/x {piece * (1_000_000 // len(piece))}")


@pytest.mark.parametrize(
    "text",
    [
        "generation 01jv8x2k9m3n4p5q6r7s8t9v0w succeeded in 3.2 s",
        "what? nothing = nothing",
        "GET /api/generations/01jv8x2k9m3n4p5q6r7s8t9v0w 200",
        "https://api.replicate.com/v1/predictions",
        "cannot write /media/usb/pictures/boat.png",
        "basic facts, bearer of news",
        "data: nothing",
    ],
)
def test_harmless_lines_stay_as_they_are(text: str) -> None:
    assert masking.masked(text) == text


@given(
    st.text(max_size=30),
    st.text(max_size=30),
    st.sampled_from(
        ["r8_{}", "tt_{}", "whsec_{}", "Authorization: Bearer {}", "https://u:{}@h/", "https://h/p?k={}"]
    ),
)
def test_no_surrounding_lets_a_secret_through(before: str, after: str, shape: str) -> None:
    """Whatever stands around it, and also inside JSON."""
    text = f"{before} {shape.format(SECRET)} {after}"

    assert SECRET not in masking.masked(text)
    assert SECRET not in masking.masked(json.dumps({"event": text}))


def test_a_line_of_tokens_keeps_its_paths() -> None:
    """The command line shows addresses whole, as its reader typed them."""
    assert (
        masking.without_tokens(f"https://host/media/{SECRET} r8_abc")
        == f"https://host/media/{SECRET} r8_****"
    )
