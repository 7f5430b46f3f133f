"""Take secrets out of any text: tokens, headers, what URLs hold beside their place. Standard library only.

It errs towards masking: a log that hides a harmless word is better than one that shows a key. A stranger chooses what
is logged, such as a path, so each rule takes a time that grows as the text: what a pattern has looked at it takes
whole, and looks at it no second time from a later beginning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MASK = "****"

_URL_CHARACTERS = r"[^\s\"'<>\\]"
# An unguessable part of a path, with all that follows.
_UNGUESSABLE = re.compile(r"(?<=/)[\w\-]{16,}")


def _without_password(found: re.Match[str]) -> str:
    _, at, place = found[2].rpartition("@")
    return f"{found[1]}{MASK}@{place}" if at else found[0]


def _without_link(found: re.Match[str]) -> str:
    secret = _UNGUESSABLE.search(found[0])
    return f"{found[0][: secret.start()]}{MASK}" if secret else found[0]


def _without_query(found: re.Match[str]) -> str:
    return f"?{MASK}" if "=" in found[0] else found[0]


def _without_fragment(found: re.Match[str]) -> str:
    place, _, fragment = found[0].partition("#")
    return f"{place}#{MASK}" if fragment else found[0]


# Tokens of Replicate's, keys of ours, secrets of webhooks: their kind stays.
_TOKENS = (re.compile(r"(?<![A-Za-z0-9])(r8_|tt_|whsec_)[\w+/=.\-]+"), rf"\1{MASK}")
_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    _TOKENS,
    # Headers that carry a secret, as a line, in a dict's text, or in JSON.
    (
        re.compile(
            r"(\b(?:proxy-)?authorization|\b(?:set-)?cookie|\bx-api-key|\bwebhook-signature)"
            r"(\\?[\"']?\s*[:=,]\s*(?:b?\\?[\"'])?)[^\"'\\\n\])}]+",
            re.IGNORECASE,
        ),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=\-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    # What is inside a data URI is somebody's picture, and large.
    (re.compile(r"\b(data:[\w.+/;=\-]*?,)[\w+/=%.\-]+", re.IGNORECASE), rf"\1{MASK}"),
    # A database's password may hold anything, unquoted too.
    (re.compile(r"\b(postgres(?:ql)?://)(\S++)", re.IGNORECASE), _without_password),
    (re.compile(r"\b(\w*password\s*=\s*)('[^']*'|[^\s&]+)", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(://)[^\s/\"'<>?#]+@"), rf"\1{MASK}@"),
    # An unguessable path is a key: links to media, shared ones, streams, hooks, and upstream's own outputs.
    (re.compile(rf"(/hooks/replicate/){_URL_CHARACTERS}+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"/(?:media|share|streams?)/{_URL_CHARACTERS}*+", re.IGNORECASE), _without_link),
    (
        re.compile(
            rf"(://(?:[\w\-]+\.)*(?:replicate\.delivery|stream[\w\-]*\.replicate\.com)/){_URL_CHARACTERS}+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    # PostgreSQL tells the whole row that it refused, with its prompt and where to call back.
    (
        re.compile(
            r"\b(DETAIL: {1,2})(?=\S)(?s:.*?)(?=\n(?:HINT|CONTEXT|LOCATION):|\n\n(?:The above|During) |\Z)"
        ),
        rf"\1{MASK}",
    ),
    # A query may hold a key; what is asked for is said by the path.
    (re.compile(rf"(?<=[\w/.\]\-*])\?{_URL_CHARACTERS}*+"), _without_query),
    (re.compile(r"://[^\s\"'<>]*+"), _without_fragment),
)
# Most lines hold nothing of it; they are told by one look.
_HINT = re.compile(
    r"r8_|tt_|whsec_|://|\?|authorization|cookie|x-api-key|signature|bearer|basic|data:|password|/media/|/share/"
    r"|/stream|/hooks/|DETAIL:",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return the text without what has the shape of a secret."""
    if _HINT.search(text) is None:
        return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def without_tokens(text: str) -> str:
    """Return the text without tokens, keys and webhook secrets; its addresses and paths stay whole."""
    pattern, replacement = _TOKENS
    return pattern.sub(replacement, text)


def masked_token(text: str) -> str:
    """Return what kind of token it is and nothing that helps to guess it."""
    kind = re.match(r"(?:r8|tt|whsec)_", text)
    return f"{kind[0]}{MASK}" if kind else MASK


__all__ = ["MASK", "masked", "masked_token", "without_tokens"]
