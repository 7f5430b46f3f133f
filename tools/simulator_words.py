"""Words and numbers that a model's record carries for people: description, readme, age and number of runs.

Written from name and kind alone, always the same for the same model.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

Facts = dict[str, Any]

WORDS = {
    "image": "makes pictures from a prompt",
    "edit": "changes or rebuilds a picture as the prompt says",
    "upscale": "returns a picture larger and sharper",
    "background": "cuts the subject out of a picture",
    "vector": "draws vector pictures from a prompt",
    "text": "reads a prompt and writes text, piece by piece",
}
SPELLED = {
    "esrgan": "ESRGAN", "sdxl": "SDXL", "svg": "SVG", "flux": "FLUX", "gpt": "GPT", "lora": "LoRA",
    "sd": "SD",
    "t2v": "T2V", "i2v": "I2V", "r2v": "R2V", "p": "P", "z": "Z", "ltx": "LTX", "gfpgan": "GFPGAN",
    "bg": "BG", "xl": "XL", "ddcolor": "DDColor", "supir": "SUPIR", "sr": "SR",
}  # fmt: skip


def title(slug: str) -> str:
    """Return a model's name as a title: `flux-1.1-pro` is `FLUX 1.1 Pro`."""
    parts = slug.partition("/")[2].replace("_", "-").split("-")
    return " ".join(SPELLED.get(part, part[:1].upper() + part[1:]) for part in parts)


def description(slug: str, facts: Facts, sources: list[str]) -> str:
    """Return one line on what a model does, beginning with its name."""
    said = _said(facts["kind"], facts["medium"], sources, facts["required"])
    return f"{title(slug)} {said}"


def _said(kind: str, medium: str, sources: list[str], required: list[str]) -> str:
    if kind == "vector" and required == ["image"]:
        return "turns a picture into a vector picture"
    if medium != "video":
        return WORDS[kind]
    if kind == "upscale":
        return "returns a film larger and sharper"
    if kind == "background":
        return "cuts the subject out of a film"
    if any(name in required and "video" in name for name in sources):
        return "makes a new film from a film"
    if any(name in required for name in sources):
        return "makes a film from a picture"
    return "makes films from a prompt, or from a picture" if sources else "makes films from a prompt"


def readme(slug: str, said: str, inputs: Facts, required: list[str]) -> str:
    """Return a short page in Markdown: what the model does, what it needs, what else it takes."""
    others = [name for name in inputs if name not in required]
    lines = [f"# {title(slug)}", "", f"{said}.", ""]
    if required:
        lines += [f"Needs: {', '.join(f'`{name}`' for name in required)}.", ""]
    if others:
        lines += [f"Takes: {', '.join(f'`{name}`' for name in others)}.", ""]
    lines += [
        "Here it is played by a simulator: files have the right size and format, and are drawn on the spot."
    ]
    return "\n".join(lines) + "\n"


def created_at(slug: str) -> str:
    """Return a date of creation between 2023 and 2026, derived from the name."""
    minutes = int(hashlib.sha256(f"created {slug}".encode()).hexdigest()[:8], 16) % (3 * 365 * 24 * 60)
    moment = datetime(2023, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    return moment.isoformat(timespec="seconds")


def run_count(slug: str, *, is_official: bool) -> int:
    """Return a plausible number of runs, derived from the name; official models have more."""
    number = int(hashlib.sha256(f"runs {slug}".encode()).hexdigest()[:8], 16)
    digits = 4 + number % 4 + (1 if is_official else 0)
    least = int(f"1{'0' * digits}")
    return least + number % (9 * least)
