"""`ReplicateClient` has the names, defaults and dicts that integration guides use."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import av
import pytest

from tintype import Client, Limits, ReplicateClient
from tintype.replicate import facade, wire
from tintype.replicate.results import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tintype.testing import Simulator

PICTURES = ["https://example.com/img1.jpg", "https://example.com/img2.jpg"]


@pytest.fixture
def replicate(simulator: Simulator) -> Iterator[ReplicateClient]:
    """The façade at the simulator."""
    with ReplicateClient(
        client=Client(simulator.token, base_url=simulator.url, limits=Limits.none())
    ) as made:
        yield made


def test_names_and_defaults_are_those_of_the_guides() -> None:
    def defaults(method: object) -> dict[str, object]:
        parameters = inspect.signature(method).parameters.values()  # type: ignore[arg-type] # methods all
        return {one.name: one.default for one in parameters if one.name != "self"}

    empty = inspect.Parameter.empty
    assert defaults(ReplicateClient.generate_image) == {
        "prompt": empty,
        "model": "black-forest-labs/flux-schnell",
    }
    assert defaults(ReplicateClient.generate_video) == {"image_urls": empty, "model": "fofr/skyreels-2"}
    assert defaults(ReplicateClient.poll_prediction) == {
        "prediction_id": empty,
        "timeout": 600,
        "interval": 5,
    }
    assert defaults(ReplicateClient.estimate_cost) == {"num_images": 0, "video_duration": 0}
    assert ReplicateClient.FLUX_SCHNELL_PRICE_PER_IMAGE == 0.003
    assert ReplicateClient.SKYREELS2_PRICE_PER_SECOND == 0.05


def test_without_a_key_it_is_a_value_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="REPLICATE_API_KEY"):
        ReplicateClient()


def test_an_image_is_a_dict_of_four(replicate: ReplicateClient) -> None:
    made = replicate.generate_image("a red sports car")

    assert made.keys() == {"success", "image_url", "error", "prediction_id"}
    assert (made["success"], made["error"]) == (True, None)
    assert made["image_url"].startswith("http")
    assert len(made["prediction_id"]) == 26


def test_a_failure_is_told_in_the_dict(replicate: ReplicateClient) -> None:
    failed = replicate.generate_image("[[fail=out of paint]]")
    unknown = replicate.generate_image("a", model="nobody/nothing")

    assert (failed["success"], failed["image_url"]) == (False, None)
    assert "out of paint" in failed["error"]
    assert len(failed["prediction_id"]) == 26
    assert unknown["prediction_id"] is None


def test_one_picture_gives_one_clip_at_its_address(replicate: ReplicateClient) -> None:
    made = replicate.generate_video(PICTURES[:1])

    assert made.keys() == {"success", "video_url", "error", "prediction_id", "duration_seconds"}
    assert made["success"], made
    assert made["video_url"].startswith("http")
    assert made["duration_seconds"] > 0


def test_several_pictures_give_one_film_on_disk(replicate: ReplicateClient, simulator: Simulator) -> None:
    made = replicate.generate_video(PICTURES)
    path = Path(url2pathname(urlsplit(made["video_url"]).path))

    with av.open(str(path)) as film:
        seconds = float(film.duration or 0) / av.time_base
    assert round(seconds) == made["duration_seconds"]
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert simulator.bills()["predictions"] == 2


def test_where_the_default_does_not_exist_another_answers_with_a_warning(simulator: Simulator) -> None:
    """As at Replicate itself, which has no `fofr/skyreels-2`."""
    simulator.faults(
        [{"do": "answer", "path": "/models/fofr/*", "status": 404, "body": {"detail": "Not found"}}]
    )
    with ReplicateClient(client=Client(simulator.token, base_url=simulator.url)) as replicate:
        made = replicate.generate_video(PICTURES[:1])
        (used,) = {one["model"] for one in simulator.bills()["items"]}

    assert made["success"], made
    assert facade.STAND_IN in made["warning"]
    assert used == facade.STAND_IN


def test_a_models_schema_says_what_its_picture_is_called(replicate: ReplicateClient) -> None:
    """Here it is `start_image`, and required."""
    assert replicate.generate_video(PICTURES[:1], "kwaivgi/kling-v2.1")["success"]


def test_one_address_without_a_list_is_one_picture(replicate: ReplicateClient) -> None:
    """Not a picture for each of its letters."""
    result = replicate.generate_video("https://example.com/one.png")

    assert (result["success"], result["error"]) == (True, None)


def test_a_disk_that_takes_no_film_is_told_in_the_dict(
    replicate: ReplicateClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))

    result = replicate.generate_video(["https://example.com/one.png"])

    assert (result["success"], "disk" in result["error"]) == (False, True)
    assert result["prediction_id"]


def test_no_pictures_are_an_error(replicate: ReplicateClient) -> None:
    assert replicate.generate_video([])["success"] is False


def test_polling_tells_status_output_and_error(replicate: ReplicateClient) -> None:
    fine = replicate.generate_image("a")["prediction_id"]
    failed = replicate.generate_image("[[fail=no]]")["prediction_id"]

    assert replicate.poll_prediction(fine)["status"] == "succeeded"
    assert replicate.poll_prediction(fine).keys() == {"status", "output", "error"}
    assert replicate.poll_prediction(failed)["error"] == "no"
    assert replicate.poll_prediction("x" * 26)["status"] == "error"


def test_polling_ends_at_its_timeout_with_the_status_as_it_is(simulator: Simulator) -> None:
    with (
        Client(simulator.token, base_url=simulator.url) as client,
        ReplicateClient(client=client) as replicate,
    ):
        made = client.predictions.create("black-forest-labs/flux-schnell", {"prompt": "[[stuck]]"})
        seen = replicate.poll_prediction(made.id, timeout=1, interval=1)

    assert seen["status"] in {"starting", "processing"}
    assert "still runs" in seen["error"]


def test_an_estimate_is_the_sum_of_the_two_prices(replicate: ReplicateClient) -> None:
    assert replicate.estimate_cost(num_images=10, video_duration=30) == 1.53
    assert replicate.estimate_cost() == 0.0


def test_the_stand_in_is_a_model_that_takes_a_picture(simulator: Simulator) -> None:
    with Client(simulator.token, base_url=simulator.url) as client:
        model = client.models.get(facade.STAND_IN)

    assert isinstance(model, Model)
    assert wire.model_path(facade.STAND_IN)
