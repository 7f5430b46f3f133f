"""`ReplicateClient`: pictures and videos in one call, as dicts; a thin façade over `Client`."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tintype.domain import errors, money
from tintype.replicate.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tintype.replicate.outputs import Output

IMAGE_MODEL = "black-forest-labs/flux-schnell"
VIDEO_MODEL = "fofr/skyreels-2"
STAND_IN = "wan-video/wan-2.2-i2v-fast"
"""What answers for `fofr/skyreels-2` where that does not exist, as on Replicate itself."""

_MOTION = "The scene comes alive with gentle, natural motion"
# What the input for the first picture is called, by model, in the order of looking.
_IMAGE_NAMES = ("image", "start_image", "first_frame_image", "first_frame", "input_reference", "input_image")


class ReplicateClient:
    """Pictures from prompts and videos from pictures, with results as dicts.

    The price constants are Tintype's own figures for estimates: the picture's is Replicate's price of
    flux-schnell, the video's is an assumption, as `fofr/skyreels-2` has no public price.
    Raises ValueError without a key (a ConfigurationError).
    """

    FLUX_SCHNELL_PRICE_PER_IMAGE = 0.003
    SKYREELS2_PRICE_PER_SECOND = 0.05

    def __init__(self, api_key: str | None = None, *, client: Client | None = None) -> None:
        self._client = client or Client(api_key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def generate_image(self, prompt: str, model: str = IMAGE_MODEL) -> dict[str, Any]:
        """Make one picture.

        Gives `success`, `image_url` (good for an hour), `error`, `prediction_id`. Failures are told in the dict.
        """
        try:
            output = self._first(model, {"prompt": prompt})
        except errors.TintypeError as error:
            return {
                "success": False,
                "image_url": None,
                "error": str(error),
                "prediction_id": error.prediction_id,
            }
        return {
            "success": True,
            "image_url": output.url,
            "error": None,
            "prediction_id": output.prediction_id,
        }

    def generate_video(self, image_urls: Sequence[str], model: str = VIDEO_MODEL) -> dict[str, Any]:
        """Make one video from pictures: a clip of each, joined in their order.

        Gives `success`, `video_url`, `error`, `prediction_id` (of the last clip) and `duration_seconds`, rounded.
        `video_url` is the clip's address for one picture, and the `file://` address of the joined video for more.
        `warning` is added when another model had to answer. A single address may stand without a list.
        """
        addresses = [image_urls] if isinstance(image_urls, str) else image_urls
        made: dict[str, Any] = {
            "success": False,
            "video_url": None,
            "error": None,
            "prediction_id": None,
            "duration_seconds": 0,
        }
        if not addresses:
            return {**made, "error": "at least one image address is needed"}
        try:
            model, form, warning = self._video_model(model)
            if warning:
                made["warning"] = warning
            clips: list[Output] = []
            for address in addresses:
                clips.append(self._first(model, form(address)))
                made["prediction_id"] = clips[-1].prediction_id
            made["video_url"], made["duration_seconds"] = _joined(clips)
        except errors.TintypeError as error:
            return {
                **made,
                "error": str(error),
                "prediction_id": error.prediction_id or made["prediction_id"],
            }
        except OSError as error:
            return {**made, "error": f"the video cannot be put on the disk: {error.strerror}"}
        return {**made, "success": True}

    def poll_prediction(
        self, prediction_id: str, timeout: float = 600, interval: float = 5
    ) -> dict[str, Any]:
        """Look at a prediction every `interval` seconds until it ends or `timeout` seconds are over.

        Gives `status`, `output`, `error`. After the timeout the status is the last one seen.
        """
        ends_at = time.monotonic() + timeout
        while True:
            try:
                seen = self._client.predictions.get(prediction_id)
            except errors.TintypeError as error:
                return {"status": "error", "output": None, "error": str(error)}
            if seen.is_final:
                return {"status": seen.status, "output": seen.output, "error": seen.error}
            left_s = ends_at - time.monotonic()
            if left_s <= 0:
                late = f"not finished after {timeout:g} s; it still runs, so poll it again or cancel it"
                return {"status": seen.status, "output": None, "error": late}
            time.sleep(min(max(interval, 0.1), left_s))

    def estimate_cost(self, num_images: int = 0, video_duration: float = 0) -> float:
        """Estimate in US dollars what so many pictures and seconds of video cost, by the two constants."""
        image = money.from_usd(str(self.FLUX_SCHNELL_PRICE_PER_IMAGE))
        second = money.from_usd(str(self.SKYREELS2_PRICE_PER_SECOND))
        return (num_images * image + round(video_duration * second)) / money.NANO_PER_USD

    def _first(self, model: str, given: dict[str, Any]) -> Output:
        outputs = self._client.run(model, given)
        for output in outputs:
            if output.url is not None:
                return output
        raise errors.ServerError(
            f"{model} succeeded without a file", prediction_id=outputs[0].prediction_id if outputs else None
        )

    def _video_model(self, model: str) -> tuple[str, Callable[[str], dict[str, Any]], str | None]:
        """The model that will answer, how a picture's address becomes its input, and a warning if it is another."""
        name = model.partition(":")[0]
        warning = None
        try:
            known = self._client.models.get(name)
        except errors.NotFound:
            if name != VIDEO_MODEL:
                raise
            model = STAND_IN
            warning = f"{VIDEO_MODEL} is not a model of this upstream; {STAND_IN} made the video"
            known = self._client.models.get(STAND_IN)
        version = known.latest_version
        schema = (version.openapi_schema if version is not None else None) or {}
        names = schema.get("components", {}).get("schemas", {}).get("Input", {}).get("properties", {})
        image = next((one for one in _IMAGE_NAMES if one in names), "image")
        fixed = {"prompt": _MOTION} if "prompt" in names else {}
        return model, lambda address: {image: address, **fixed}, warning


def _joined(clips: list[Output]) -> tuple[str | None, int]:
    """Join clips; gives the address of the result and its length in whole seconds.

    A single clip stays where it is; its length is 0 where PyAV is not installed to read it.
    """
    try:
        from tintype.media import video  # noqa: PLC0415 - PyAV is needed for films alone
    except ImportError as fault:
        if len(clips) == 1:
            return clips[0].url, 0
        raise errors.ConfigurationError(
            "joining clips needs PyAV: pip install 'tintype[simulator]'"
        ) from fault
    folder = Path(tempfile.mkdtemp(prefix="tintype-film-"))
    film = folder / "film.mp4"
    try:
        files = [clip.save(folder / f"clip-{number}.mp4") for number, clip in enumerate(clips)]
        seconds = round(video.join(files, film).seconds)
        for file in files:
            file.unlink()
    except video.CannotJoin as fault:
        shutil.rmtree(folder)
        raise errors.OutputRefused(f"the clips cannot be joined: {fault}") from fault
    except BaseException:
        shutil.rmtree(folder)
        raise
    if len(clips) > 1:
        return film.as_uri(), seconds
    shutil.rmtree(folder)
    return clips[0].url, seconds
