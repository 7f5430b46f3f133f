"""Write what simulated text models say: plausible sentences about the prompt, in pieces as they stream."""

from __future__ import annotations

import hashlib
import re
from random import Random

from tintype.simulator import lettering

_OPENINGS = (
    "Here is one way to look at {topic}.",
    "Let us begin with {topic}.",
    "There is more to {topic} than a first glance shows.",
    "When people ask about {topic}, they often mean two things at once.",
    "Imagine {topic}, and take a moment before you go on.",
    "The short answer about {topic} is that details matter.",
)
_MIDDLES = (
    "The light comes first: low, warm and from the side, so that every edge of {word} stands out.",
    "What holds it together is rhythm, the way {word} returns in small variations.",
    "A useful rule is to change one thing at a time and to keep what works.",
    "In practice, {word} depends less on size than on where the eye rests.",
    "Colours play their part, and a single strong one near {word} is enough.",
    "Distance softens everything; up close, {word} turns out to be full of texture.",
    "Some would leave {word} out entirely, which says a good deal about taste.",
    "It helps to describe the place, the hour and the weather before {word} itself.",
    "Nothing here is accidental, though it should feel as if it were.",
    "Compare two versions side by side, and the better one is usually the simpler one.",
    "A little imperfection around {word} makes the whole more believable.",
    "The background should support {word} and never compete with it.",
)
_ENDINGS = (
    "In the end, {topic} rewards patience.",
    "That is, in a few words, what makes {topic} worth another look.",
    "Start there, and the rest of {topic} follows.",
    "Everything else about {topic} is a matter of taste.",
)
_DULL = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "with",
        "from",
        "by",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "write",
        "tell",
        "me",
        "about",
        "please",
        "describe",
        "explain",
        "what",
        "how",
        "why",
        "who",
        "when",
        "where",
        "which",
        "you",
        "your",
        "my",
        "our",
        "give",
        "make",
        "do",
        "does",
        "can",
        "could",
        "would",
        "should",
        "will",
        "into",
        "over",
        "under",
        "than",
        "then",
        "there",
        "here",
        "some",
        "any",
        "all",
        "one",
        "two",
    ]
)


def write(prompt: str, *, seed: int, tokens_max: int) -> list[str]:
    """Write about a prompt in at most `tokens_max` pieces which joined make the text.

    The text is the same for the same prompt and seed; a smaller maximum cuts it, as a model's limit does. A
    piece is a word with the space before it, half of a long word, or a mark of punctuation.
    """
    text = lettering.plain(prompt)
    digest = hashlib.sha256(f"{seed}/{text}".encode()).digest()
    return _pieces(_text(text, Random(int.from_bytes(digest[:16], "big"))))[: max(0, tokens_max)]


def _text(prompt: str, random: Random) -> str:
    words = [
        word for word in re.findall(r"[^\W\d_][\w'-]*", prompt) if word.lower() not in _DULL and len(word) > 2
    ]
    topic = _topic(prompt)
    sentences = list(_MIDDLES)
    paragraphs: list[str] = []
    for number in range(2 + int(random.random() * 3)):
        chosen = [_take(sentences, random) for _ in range(2 + int(random.random() * 2)) if sentences]
        if number == 0:
            chosen.insert(0, _take(list(_OPENINGS), random))
        paragraphs.append(" ".join(chosen))
    paragraphs.append(_take(list(_ENDINGS), random))
    written = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return re.sub(
        r"\{(\w+)\}",
        lambda slot: topic if slot[1] == "topic" else _take(list(words), random) if words else "it",
        written,
    )


def _topic(prompt: str) -> str:
    """Give the first words of the prompt, quoted, so that an answer is recognised as one to that question."""
    if not prompt:
        return "an empty page"
    words = prompt.split()
    short = " ".join(words[:9])[:90].rstrip(" .,;:!?")
    return f"“{short}…”" if len(words) > 9 else f"“{short}”"


def _take(sentences: list[str], random: Random) -> str:
    return sentences.pop(int(random.random() * len(sentences)))


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for piece in re.findall(r"\s*(?:\w+|[^\w\s])", text):
        if len(piece) > 9:
            pieces += [piece[: len(piece) // 2 + 1], piece[len(piece) // 2 + 1 :]]
        else:
            pieces.append(piece)
    return pieces
