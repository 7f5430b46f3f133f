"""What a prediction makes is exactly what its inputs ask for."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.simulator.valid_inputs import MODELS, PICTURE, least, models_with_inputs
from tintype.simulator import making, sizes
from tintype.simulator.making import Making, Source

if TYPE_CHECKING:
    from tintype.simulator.models import Model

WIDE = Source(1200, 800)
FILM = Source(640, 480, Decimal("4.2"), 25)
FLUX = "black-forest-labs/flux-schnell"

SIZES: list[tuple[str, dict[str, Any], Source | None, tuple[int, int]]] = [
    (FLUX, {}, None, (1024, 1024)),
    (FLUX, {"aspect_ratio": "16:9"}, None, (1344, 768)),
    (FLUX, {"aspect_ratio": "4:3"}, None, (1152, 896)),
    (FLUX, {"aspect_ratio": "9:21"}, None, (640, 1536)),
    (FLUX, {"aspect_ratio": "16:9", "megapixels": "0.25"}, None, (672, 384)),
    (
        "black-forest-labs/flux-1.1-pro",
        {"aspect_ratio": "custom", "width": 650, "height": 1000},
        None,
        (640, 992),
    ),
    ("black-forest-labs/flux-1.1-pro-ultra", {}, None, (2048, 2048)),
    ("black-forest-labs/flux-2-pro", {"resolution": "4 MP"}, None, (2048, 2048)),
    ("black-forest-labs/flux-2-klein-9b", {"megapixels": "0.25"}, None, (512, 512)),
    ("black-forest-labs/flux-kontext-pro", {"input_image": PICTURE}, Source(1024, 1024), (1024, 1024)),
    ("google/imagen-4", {"image_size": "2K"}, None, (2048, 2048)),
    ("google/imagen-4-ultra", {}, None, (1024, 1024)),
    ("google/nano-banana-pro", {"resolution": "4K"}, None, (4096, 4096)),
    ("bytedance/seedream-4", {}, None, (2048, 2048)),
    ("bytedance/seedream-4", {"aspect_ratio": "16:9"}, None, (2560, 1440)),
    ("bytedance/seedream-4", {"size": "4K", "aspect_ratio": "4:3"}, None, (4608, 3456)),
    ("bytedance/seedream-4", {"size": "custom", "width": 1100, "height": 1300}, None, (1100, 1300)),
    ("recraft-ai/recraft-v3", {"size": "1365x1024"}, None, (1365, 1024)),
    ("recraft-ai/recraft-v3", {"aspect_ratio": "16:9"}, None, (1820, 1024)),
    ("recraft-ai/recraft-v3-svg", {"aspect_ratio": "3:4"}, None, (1024, 1365)),
    ("ideogram-ai/ideogram-v3-turbo", {"resolution": "512x1536", "aspect_ratio": "1:1"}, None, (512, 1536)),
    ("qwen/qwen-image", {}, None, (1664, 928)),
    ("qwen/qwen-image", {"aspect_ratio": "1:1", "image_size": "optimize_for_speed"}, None, (768, 768)),
    ("wan-video/wan-2.7-image-pro", {"size": "1280*720"}, None, (1280, 720)),
    ("logerzhu/ad-inpaint", {"pixel": "768 * 768"}, WIDE, (768, 768)),
    ("catacolabs/sdxl-ad-inpaint", {"img_size": "512, 2048"}, WIDE, (512, 2048)),
    ("stability-ai/sdxl", {"width": 768, "height": 1344}, None, (768, 1344)),
    ("nightmareai/real-esrgan", {}, WIDE, (4800, 3200)),
    ("nightmareai/real-esrgan", {"scale": 1.5}, WIDE, (1800, 1200)),
    ("nightmareai/real-esrgan", {"scale": 0}, WIDE, (1200, 800)),
    ("cjwbw/rudalle-sr", {"scale": 2}, WIDE, (2400, 1600)),
    ("philz1337x/clarity-upscaler", {}, WIDE, (2400, 1600)),
    ("fermatresearch/high-resolution-controlnet-tile", {"resolution": 2048}, WIDE, (2048, 1365)),
    ("black-forest-labs/flux-depth-dev", {}, WIDE, (1248, 832)),
    ("black-forest-labs/flux-depth-dev", {"megapixels": "0.25"}, WIDE, (624, 416)),
    ("black-forest-labs/flux-fill-dev", {"megapixels": "match_input"}, WIDE, (1200, 800)),
    ("black-forest-labs/flux-fill-pro", {"outpaint": "Zoom out 2x"}, WIDE, (2400, 1600)),
    ("black-forest-labs/flux-fill-pro", {"outpaint": "Make square"}, WIDE, (1200, 1200)),
    ("851-labs/background-remover", {}, WIDE, (1200, 800)),
    ("google/veo-3.1", {"aspect_ratio": "9:16", "resolution": "720p"}, None, (720, 1280)),
    ("openai/sora-2", {}, None, (720, 1280)),
    ("openai/sora-2", {"aspect_ratio": "landscape"}, None, (1280, 720)),
    ("wan-video/wan-2.6-t2v", {"size": "1080*1920"}, None, (1080, 1920)),
    ("bytedance/seedance-1-lite", {"resolution": "480p", "aspect_ratio": "1:1"}, None, (480, 480)),
    ("wan-video/wan-2.2-i2v-fast", {}, WIDE, (720, 480)),
    ("lightricks/ltx-2.3-fast", {"resolution": "4k"}, None, (3840, 2160)),
    ("kwaivgi/kling-v2.1", {"mode": "pro"}, Source(1920, 1080), (1920, 1080)),
    ("fofr/skyreels-2", {}, WIDE, (1080, 720)),
    ("topazlabs/video-upscale", {"target_resolution": "1080p"}, FILM, (1440, 1080)),
    ("sync/lipsync-2", {}, FILM, (640, 480)),
]


@pytest.mark.parametrize(("slug", "given_input", "source", "size"), SIZES)
def test_the_size_is_the_one_asked_for(
    slug: str,
    given_input: dict[str, Any],
    source: Source | None,
    size: tuple[int, int],
) -> None:
    made = _plan(slug, source, **given_input)

    assert (made.width, made.height) == size


@pytest.mark.parametrize(
    "slug",
    [slug for slug, model in MODELS.items() if "aspect_ratio" in model.inputs],
)
def test_a_ratio_is_kept(slug: str) -> None:
    """Within 3 %; the published sizes of FLUX.1 and Recraft, multiples of 64, are off by up to 4 %."""
    field = MODELS[slug].inputs["aspect_ratio"]
    published = any(rule["from"] in {"table", "nearest"} for rule in MODELS[slug].size)
    tolerance = 0.04 if published else 0.03

    for choice in field.enum or ():
        wanted = sizes.ratio_of(choice)
        if wanted is not None:
            made = _plan(slug, WIDE, aspect_ratio=choice)
            assert made.width / made.height == pytest.approx(wanted, rel=tolerance), choice


def test_a_film_follows_the_given_picture_unless_a_ratio_is_asked_for() -> None:
    followed = _plan("kwaivgi/kling-v2.5-turbo-pro", Source(900, 1600), start_image=PICTURE)
    asked = _plan("kwaivgi/kling-v2.5-turbo-pro", Source(900, 1600), start_image=PICTURE, aspect_ratio="1:1")

    assert (followed.width, followed.height) == (1080, 1920)
    assert (asked.width, asked.height) == (1080, 1080)


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("black-forest-labs/flux-kontext-pro", "input_image"),
        ("google/nano-banana", "image_input"),
        ("bytedance/seedream-4", "image_input"),
        ("qwen/qwen-image-edit-2511", "image"),
    ],
)
def test_match_input_image_keeps_the_ratio_of_the_given_picture(slug: str, name: str) -> None:
    url: Any = [PICTURE] if MODELS[slug].inputs[name].type == "array" else PICTURE

    made = _plan(slug, Source(900, 1600), **{name: url})

    assert made.act == "edit" or slug == "bytedance/seedream-4"
    assert made.width / made.height == pytest.approx(9 / 16, rel=0.03)


LENGTHS: list[tuple[str, dict[str, Any], Source | None, tuple[str, int, bool]]] = [
    ("google/veo-3.1", {}, None, ("8", 24, True)),
    ("google/veo-3.1", {"duration": 4, "generate_audio": False}, None, ("4", 24, False)),
    ("bytedance/seedance-1-lite", {"duration": 12}, None, ("12", 24, False)),
    ("bytedance/seedance-2.0", {"duration": -1}, None, ("5", 24, True)),
    ("kwaivgi/kling-v2.5-turbo-pro", {"duration": 10}, None, ("10", 24, False)),
    ("openai/sora-2", {"seconds": 12}, None, ("12", 30, True)),
    ("wan-video/wan-2.2-i2v-fast", {"num_frames": 100, "frames_per_second": 20}, None, ("5", 20, False)),
    ("wan-video/wan-2.2-t2v-fast", {"interpolate_output": False}, None, ("5.0625", 16, False)),
    ("wan-video/wan-2.2-t2v-fast", {"interpolate_output": True}, None, ("5.0625", 30, False)),
    ("tencent/hunyuan-video", {"video_length": 48, "fps": 24}, None, ("2", 24, False)),
    ("lightricks/ltx-2.3-fast", {"fps": 50, "duration": 20}, None, ("20", 50, True)),
    ("topazlabs/video-upscale", {"target_fps": 30}, FILM, ("4.2", 30, False)),
    ("runwayml/upscale-v1", {}, FILM, ("4.2", 25, False)),
    ("fofr/skyreels-2", {"duration": 7}, WIDE, ("7", 24, False)),
    ("xai/grok-imagine-video", {"duration": 15}, None, ("15", 24, False)),
]


@pytest.mark.parametrize(("slug", "given_input", "source", "length"), LENGTHS)
def test_a_film_is_as_long_and_as_smooth_as_asked(
    slug: str,
    given_input: dict[str, Any],
    source: Source | None,
    length: tuple[str, int, bool],
) -> None:
    made = _plan(slug, source, **given_input)

    assert (made.seconds, made.fps, made.audio) == (Decimal(length[0]), length[1], length[2])
    assert made.format == "mp4"


FILES: list[tuple[str, dict[str, Any], tuple[int, str, int, bool]]] = [
    (FLUX, {}, (1, "webp", 80, False)),
    (FLUX, {"num_outputs": 4, "output_format": "png", "output_quality": 35}, (4, "png", 35, False)),
    ("google/imagen-4", {}, (1, "jpg", 80, False)),
    ("bytedance/seedream-4", {"max_images": 6}, (1, "png", 80, False)),
    (
        "bytedance/seedream-4",
        {"max_images": 6, "sequential_image_generation": "auto"},
        (6, "png", 80, False),
    ),
    ("bytedance/seedream-5-lite", {"output_format": "jpeg"}, (1, "jpg", 80, False)),
    ("sdxl-based/consistent-character", {"number_of_images_per_pose": 2}, (6, "webp", 80, False)),
    ("openai/gpt-image-1.5", {"background": "transparent"}, (1, "webp", 90, True)),
    ("openai/gpt-image-1.5", {"background": "transparent", "output_format": "jpeg"}, (1, "jpg", 90, False)),
    ("openai/gpt-image-1.5", {"number_of_images": 10}, (10, "webp", 90, False)),
    ("recraft-ai/recraft-v3-svg", {}, (1, "svg", 80, False)),
    ("851-labs/background-remover", {}, (1, "png", 80, True)),
    ("851-labs/background-remover", {"format": "jpg"}, (1, "jpg", 80, False)),
    ("851-labs/background-remover", {"background_type": "white"}, (1, "png", 80, False)),
    ("cjwbw/rembg", {}, (1, "png", 80, True)),
]


@pytest.mark.parametrize(("slug", "given_input", "files"), FILES)
def test_there_are_as_many_files_of_the_format_asked_for(
    slug: str,
    given_input: dict[str, Any],
    files: tuple[int, str, int, bool],
) -> None:
    made = _plan(slug, None, **given_input)

    assert (made.count, made.format, made.quality, made.transparent) == files


@pytest.mark.parametrize("slug", [slug for slug, model in MODELS.items() if model.output == "uri"])
def test_a_model_that_returns_one_file_makes_one(slug: str) -> None:
    """Whatever its inputs are called: what is made is what is shown and billed."""
    counts = {name: 3 for name, field in MODELS[slug].inputs.items() if field.type == "integer"}

    assert _plan(slug, None, **counts).count == 1


@pytest.mark.parametrize(
    ("slug", "given_input", "act"),
    [
        (FLUX, {}, "draw"),
        ("black-forest-labs/flux-dev", {"image": PICTURE}, "edit"),
        ("black-forest-labs/flux-dev", {}, "draw"),
        ("google/nano-banana", {}, "draw"),
        ("google/nano-banana", {"image_input": [PICTURE]}, "edit"),
        ("nightmareai/real-esrgan", {}, "enlarge"),
        ("cjwbw/rembg", {}, "cut_out"),
        ("recraft-ai/recraft-v4-svg", {}, "vector"),
        ("google/veo-3.1", {}, "film"),
        ("topazlabs/video-upscale", {}, "enlarge_film"),
        ("arielreplicate/robust_video_matting", {}, "cut_out_film"),
        ("xai/grok-imagine-video-extension", {}, "extend_film"),
        ("meta/meta-llama-3-8b-instruct", {}, "write"),
    ],
)
def test_the_way_of_making_follows_the_model_and_what_is_given(
    slug: str,
    given_input: dict[str, Any],
    act: str,
) -> None:
    assert _plan(slug, None, **given_input).act == act


def test_a_text_has_as_many_tokens_as_allowed() -> None:
    made = _plan("meta/meta-llama-3-8b-instruct", None, prompt="x" * 41, max_tokens=7)

    assert (made.tokens_in, made.tokens_max) == (11, 7)
    assert _plan("meta/meta-llama-3-8b-instruct", None, max_tokens=-3).tokens_max == 1


def test_a_given_seed_counts_and_a_negative_one_asks_for_chance() -> None:
    assert _plan(FLUX, None, seed=42).seed == 42
    assert _plan(FLUX, None, seed=-1).seed == 7
    assert _plan(FLUX, None, seed=None).seed == 7
    assert _plan("logerzhu/ad-inpaint", None, manual_seed=5).seed == 5


def test_given_files_come_with_what_is_worked_on_first() -> None:
    model = MODELS["google/veo-3.1"]
    files = making.given(
        model,
        {
            "prompt": "a",
            "last_frame": "https://a.test/1",
            "image": "https://a.test/2",
            "reference_images": [],
        },
    )

    assert [(one.field, one.url, one.medium, one.is_source) for one in files] == [
        ("image", "https://a.test/2", "image", True),
        ("last_frame", "https://a.test/1", "image", False),
    ]


def test_only_the_first_of_several_pictures_is_worked_on() -> None:
    files = making.given(
        MODELS["bytedance/seedream-4"],
        {"prompt": "a", "image_input": [PICTURE, "https://example.com/dog.png"]},
    )

    assert [one.is_source for one in files] == [True, False]


def test_films_and_sounds_are_told_from_pictures() -> None:
    files = making.given(MODELS["sync/lipsync-2"], {"video": "https://a.test/v", "audio": "https://a.test/a"})

    assert [one.medium for one in files] == ["video", "audio"]


def test_what_would_be_too_large_is_made_smaller_at_the_same_ratio() -> None:
    made = _plan("nightmareai/real-esrgan", Source(6000, 4000), scale=10)

    assert made.width * made.height <= sizes.AREA_MAX
    assert max(made.width, made.height) <= sizes.SIDE_MAX
    assert made.width / made.height == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize("slug", MODELS)
def test_every_model_makes_something_of_the_least_input(slug: str) -> None:
    _assert_sane(MODELS[slug], _plan(slug, None))


@settings(max_examples=400)
@given(
    models_with_inputs(),
    st.none()
    | st.builds(
        Source,
        st.integers(1, 9000),
        st.integers(1, 9000),
        st.decimals("0", "5000", places=3),
        st.integers(0, 240),
    ),
)
def test_every_valid_input_makes_something_sane(
    drawn: tuple[Model, dict[str, Any]],
    source: Source | None,
) -> None:
    model, given_input = drawn

    made = making.plan(model, given_input, 7, source)

    _assert_sane(model, made)
    assert made == making.plan(model, given_input, 7, source)


def _plan(slug: str, source: Source | None, **given_input: Any) -> Making:
    model = MODELS[slug]
    return making.plan(model, {**least(model), **given_input}, 7, source)


def _assert_sane(model: Model, made: Making) -> None:
    assert made.kind == model.kind
    assert 1 <= made.count <= making.COUNT_MAX
    assert made.format in {"png", "jpg", "webp", "svg", "mp4", "text"}
    assert made.seed >= 0
    if model.medium == "text":
        assert made.tokens_max >= 1
        return
    assert min(made.width, made.height) >= sizes.SIDE_MIN
    assert max(made.width, made.height) <= sizes.SIDE_MAX
    assert made.width * made.height <= sizes.AREA_MAX
    assert made.megapixels > 0 or made.width * made.height < 5243
    assert 1 <= made.quality <= 100
    if model.medium == "video":
        assert made.width % 2 == made.height % 2 == 0
        assert making.SECONDS_MIN <= made.seconds <= making.SOURCE_SECONDS_MAX
        assert 1 <= made.fps <= making.FPS_MAX
    else:
        assert (made.seconds, made.fps, made.audio) == (Decimal(0), 0, False)
