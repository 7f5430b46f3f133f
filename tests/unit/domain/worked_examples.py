"""Runs whose price was worked out by hand from a published price: what is asked, what comes of it, what it costs.

Each source is where the price was read, with the day of the copy that was read. Amounts are dollars.
"""

from __future__ import annotations

from typing import Any, NamedTuple

PAGE = "the model's page on replicate.com, 2026-02-07"
TABLE = "price table of github.com/keremk/renku, catalog/models/replicate, 2026-05-05"
NOTES = "price notes of github.com/vecna/daikina, 2025-11-30"
RESELLERS = "resellers' lists quoting Replicate's prices, 2025-11-01"
HARDWARE = "replicate.com/docs/topics/billing, dollars a second by hardware, 2025-05"
TOKENS = "model price table of github.com/BerriAI/litellm, 2025-06-01"


class Asked(NamedTuple):
    """A run that is asked for, its expected price, and how that is worked out."""

    model: str
    values: dict[str, Any]
    usd: str
    working: str
    source: str


class Ran(NamedTuple):
    """A run that ended: status, output and metrics as upstream tells them, what it cost, and the working."""

    model: str
    values: dict[str, Any]
    ended: dict[str, Any]
    usd: str
    working: str
    source: str


ASKED = (
    # By the picture.
    Asked("flux_schnell", {}, "0.003", "1 picture", PAGE),
    Asked("flux_schnell", {"num_outputs": 4}, "0.012", "4 x 0.003", PAGE),
    Asked("flux_dev", {"num_outputs": 2}, "0.05", "2 x 0.025", PAGE),
    Asked("flux_pro", {"aspect_ratio": "16:9"}, "0.04", "any shape", PAGE),
    Asked("flux_pro_ultra", {}, "0.06", "1 picture", PAGE),
    Asked("imagen4", {}, "0.04", "1 picture", PAGE),
    Asked("imagen4_fast", {}, "0.02", "1 picture", PAGE),
    Asked("imagen4_ultra", {}, "0.06", "1 picture", PAGE),
    Asked("seedream4", {}, "0.03", "1 picture", PAGE),
    Asked("seedream4", {"size": "4K"}, "0.03", "any size", PAGE),
    Asked("seedream4", {"max_images": 5}, "0.03", "several only in sequence", PAGE),
    Asked("seedream4", {"max_images": 5, "sequential_image_generation": "auto"}, "0.15", "5 x 0.03", PAGE),
    Asked("seedream4_5", {}, "0.04", "1 picture", TABLE),
    Asked("seedream5_lite", {}, "0.035", "1 picture", TABLE),
    Asked("ideogram3_turbo", {}, "0.03", "1 picture", PAGE),
    Asked("ideogram_balanced", {}, "0.06", "1 picture", PAGE),
    Asked("ideogram-v3-quality", {}, "0.09", "1 picture", PAGE),
    Asked("recraft3", {}, "0.04", "1 picture", PAGE),
    Asked("recraft3_svg", {}, "0.08", "1 drawing", PAGE),
    Asked("recraft_v4", {}, "0.04", "1 picture", TABLE),
    Asked("recraft_v4_svg", {}, "0.08", "1 drawing", TABLE),
    Asked("nano_banana", {}, "0.039", "1 picture", TABLE),
    Asked("nano_banana_2", {}, "0.039", "1 picture", TABLE),
    Asked("qwen_image", {}, "0.025", "1 picture", TABLE),
    Asked("qwen_edit", {}, "0.03", "1 picture", TABLE),
    Asked("kontext_pro", {}, "0.04", "1 picture", TABLE),
    Asked("kontext_fast", {}, "0.01", "1 picture", TABLE),
    Asked("p_image", {}, "0.005", "1 picture", TABLE),
    Asked("grok_image", {}, "0.02", "1 picture", TABLE),
    # By the picture, dearer when larger.
    Asked("nano_banana_pro", {"resolution": "2K"}, "0.15", "2K", TABLE),
    Asked("nano_banana_pro", {"resolution": "4K"}, "0.30", "4K", TABLE),
    Asked("flux2_flex", {"resolution": "0.5 MP"}, "0.03", "0.5 MP", TABLE),
    Asked("flux2_flex", {"resolution": "4 MP"}, "0.24", "4 MP", TABLE),
    Asked("flux2_max", {"resolution": "1 MP"}, "0.07", "1 MP", TABLE),
    Asked("flux2_max", {"resolution": "2 MP"}, "0.1", "2 MP", TABLE),
    Asked("flux2_klein", {"megapixels": "0.25"}, "0.00375", "0.25 MP", TABLE),
    Asked("flux2_klein", {"megapixels": "4"}, "0.06", "4 MP", TABLE),
    # A run and each megapixel, in and out.
    Asked("flux2_pro", {"resolution": "0.5 MP"}, "0.0225", "0.015 + 0.5 x 0.015", TABLE),
    Asked("flux2_pro", {"resolution": "1 MP"}, "0.03", "0.015 + 1 x 0.015", TABLE),
    Asked("flux2_pro", {"resolution": "4 MP"}, "0.075", "0.015 + 4 x 0.015", TABLE),
    Asked(
        "flux2_pro",
        {"input_images": ["https://example.com/a.png"] * 2},
        "0.06",
        "0.015 + (1 + 2) x 0.015",
        TABLE,
    ),
    Asked(
        "flux2_pro",
        {"aspect_ratio": "custom", "width": 2048, "height": 1024},
        "0.045",
        "0.015 + 2 x 0.015",
        TABLE,
    ),
    # By the run.
    Asked("wan2_i2v", {"resolution": "480p"}, "0.05", "a run at 480p", NOTES),
    Asked(
        "wan2_i2v", {"resolution": "720p", "num_frames": 121}, "0.10", "a run at 720p, however long", NOTES
    ),
    Asked("wan2_t2v", {"resolution": "480p"}, "0.05", "a run at 480p", NOTES),
    # By the second of film: flat, by resolution, by sound, by both.
    Asked("kling2_5", {"duration": 10}, "0.70", "10 x 0.07", TABLE),
    Asked("sora2", {"seconds": 8}, "0.80", "8 x 0.1", TABLE),
    Asked("gen4_5", {"duration": 5}, "0.60", "5 x 0.12", TABLE),
    Asked("grok_video", {"duration": 6}, "0.30", "6 x 0.05", TABLE),
    Asked("seedance_lite", {"duration": 12, "resolution": "1080p"}, "0.864", "12 x 0.072", TABLE),
    Asked("seedance_pro_fast", {"duration": 10, "resolution": "480p"}, "0.15", "10 x 0.015", TABLE),
    Asked("seedance2", {"duration": 4, "resolution": "480p"}, "0.28", "4 x 0.07", TABLE),
    Asked("hailuo2", {"duration": 6, "resolution": "512p"}, "0.0996", "6 x 0.0166", TABLE),
    Asked("hailuo2_3_fast", {"duration": 10, "resolution": "768p"}, "0.316", "10 x 0.0316", TABLE),
    Asked("pixverse", {"duration": 8, "quality": "1080p"}, "1.20", "8 x 0.15", TABLE),
    Asked("ltx_pro", {"duration": 10, "resolution": "4k"}, "2.40", "10 x 0.24", TABLE),
    Asked("vidu_pro", {"duration": 7, "resolution": "720p"}, "1.05", "7 x 0.15", TABLE),
    Asked("wan2_6_i2v", {"duration": 15, "resolution": "1080p"}, "2.25", "15 x 0.15", TABLE),
    Asked("wan2_6_flash", {"duration": 5, "resolution": "1080p"}, "0.375", "5 x 0.075", TABLE),
    Asked("happyhorse", {"duration": 3, "resolution": "720p"}, "0.42", "3 x 0.14", TABLE),
    Asked("kling2_1", {"duration": 10, "mode": "pro"}, "0.90", "10 x 0.09", RESELLERS),
    Asked("veo_fast", {"duration": 6, "generate_audio": False}, "0.60", "6 x 0.1, silent", TABLE),
    Asked("veo3", {"duration": 8}, "3.20", "8 x 0.40, with sound", NOTES),
    Asked("veo3", {"duration": 4, "generate_audio": False}, "0.80", "4 x 0.20, silent", NOTES),
    Asked("kling2_6", {"duration": 5, "generate_audio": True}, "0.70", "5 x 0.14, with sound", TABLE),
    Asked(
        "kling3",
        {"duration": 5, "mode": "pro", "generate_audio": True},
        "1.68",
        "5 x 0.336, pro with sound",
        TABLE,
    ),
    Asked(
        "kling3",
        {"duration": 3, "mode": "standard", "generate_audio": False},
        "0.504",
        "3 x 0.168, standard and silent",
        TABLE,
    ),
    # By the second of hardware, as long as a run usually takes.
    Asked("real_esrgan", {}, "0.0056", "4 s x 0.0014, A100", HARDWARE),
    Asked("remove_background", {}, "0.000675", "3 s x 0.000225, T4", HARDWARE),
)

RAN = (
    # What succeeded is charged by what was made.
    Ran("flux_schnell", {"num_outputs": 4}, {"output": ["u"] * 4}, "0.012", "4 x 0.003", PAGE),
    Ran("flux_schnell", {"num_outputs": 4}, {"output": ["u"] * 3}, "0.009", "3 came, 3 x 0.003", PAGE),
    Ran("imagen4_ultra", {}, {"output": "u"}, "0.06", "1 picture", PAGE),
    Ran("nano_banana_pro", {"resolution": "4K"}, {"output": "u"}, "0.30", "4K", TABLE),
    Ran(
        "seedream4",
        {"max_images": 5, "sequential_image_generation": "auto"},
        {"output": ["u"] * 2},
        "0.06",
        "2 came of at most 5",
        PAGE,
    ),
    Ran("flux2_pro", {"resolution": "4 MP"}, {"output": "u"}, "0.075", "0.015 + 4 x 0.015", TABLE),
    Ran(
        "flux2_pro",
        {"resolution": "2 MP", "input_images": ["https://example.com/a.png"]},
        {"output": "u"},
        "0.06",
        "0.015 + (2 + 1) x 0.015",
        TABLE,
    ),
    Ran("wan2_i2v", {"resolution": "720p"}, {"output": "u"}, "0.10", "a run at 720p", NOTES),
    Ran("kling2_5", {"duration": 10}, {"output": "u"}, "0.70", "10 x 0.07, length as asked", TABLE),
    Ran(
        "seedance2",
        {"duration": -1, "resolution": "720p"},
        {"output": "u", "metrics": {"video_output_duration_seconds": 7.0}},
        "1.19",
        "the model chose 7 s, 7 x 0.17",
        TABLE,
    ),
    Ran(
        "real_esrgan",
        {},
        {"output": "u", "metrics": {"predict_time": 1.2345}},
        "0.0017283",
        "1.2345 x 0.0014",
        HARDWARE,
    ),
    Ran(
        "sdxl",
        {},
        {"output": ["u"], "metrics": {"predict_time": 6.5}},
        "0.0063375",
        "6.5 x 0.000975",
        HARDWARE,
    ),
    Ran(
        "llama3_8b",
        {"max_tokens": 500},
        {"output": ["a"] * 200, "metrics": {"input_token_count": 40, "output_token_count": 200}},
        "0.000052",
        "40 x 0.05 and 200 x 0.25 for a million",
        TOKENS,
    ),
    Ran(
        "llama3_70b",
        {"max_tokens": 500},
        {"output": ["a"] * 500, "metrics": {"input_token_count": 1000, "output_token_count": 500}},
        "0.002025",
        "1,000 x 0.65 and 500 x 2.75 for a million",
        TOKENS,
    ),
    # What was cancelled: its time where that is billed, else what had come.
    Ran(
        "real_esrgan",
        {},
        {"status": "canceled", "output": None, "metrics": {"predict_time": 3}},
        "0.0042",
        "3 x 0.0014",
        HARDWARE,
    ),
    Ran(
        "flux_schnell",
        {"num_outputs": 4},
        {"status": "canceled", "output": ["u"]},
        "0.003",
        "1 had come",
        PAGE,
    ),
    Ran("veo3", {}, {"status": "canceled", "output": None}, "0", "nothing had come", NOTES),
    # What failed, was aborted or refused for its content is free.
    Ran("imagen4_ultra", {}, {"status": "failed", "output": None}, "0", "failed", PAGE),
    Ran(
        "sdxl",
        {},
        {"status": "failed", "output": None, "metrics": {"predict_time": 9}},
        "0",
        "failed",
        HARDWARE,
    ),
    Ran("flux_dev", {}, {"status": "aborted", "output": None}, "0", "aborted", PAGE),
)
