"""`/api/estimates`: everything about a request before it is made."""

from __future__ import annotations

import base64
import io
import threading
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.integration.gateway.serving import Serving

PATH = "/api/estimates"
# Billed by the area of what is given, too.
BY_AREA = "black-forest-labs/flux-2-pro"


def picture(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


@contextmanager
def elsewhere(files: dict[str, bytes]) -> Iterator[str]:
    """Serve files at an address that is not ours."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Give a file."""
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("content-length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}"
        finally:
            listener.shutdown()
            thread.join()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'


def by_area(pictures: list[str], **more: Any) -> dict[str, Any]:
    return {"prompt": "a boat", "model": BY_AREA, "input": {"input_images": pictures, **more}}


def test_a_price_is_told_with_how_it_is_made_up(http: httpx2.Client, here: Serving) -> None:
    """By the book's rule, with its day and source; nothing is held, written or bought."""
    told = http.post(PATH, json={"prompt": "a boat", "model": "flux-schnell", "n": 3}).json()

    assert (told["valid"], told["fits"], told["faults"]) == (True, True, [])
    assert (told["expected_usd"], told["at_most_usd"]) == ("0.009", "0.009")
    (part,) = told["parts"]
    made_up = part["made_up"]
    assert (made_up["unit"], made_up["quantity"], made_up["rate_usd"]) == ("image", "3", "0.003")
    assert made_up["source"].startswith("replicate.com/")
    assert told["wait"]["running_s"] > 0
    assert http.get("/api/generations").json()["data"] == []
    assert here.simulator.bills()["predictions"] == 0


def test_what_costs_more_than_was_stated_is_told_with_its_price(http: httpx2.Client) -> None:
    body = {"prompt": "a boat", "model": "flux-schnell", "n": 2, "max_usd": "0.005"}

    told = http.post(PATH, json=body).json()
    enough = http.post(PATH, json=body | {"max_usd": "0.006"}).json()

    (fault,) = told["faults"]
    assert (told["valid"], told["at_most_usd"], fault["field"]) == (False, "0.006", "max_usd")
    assert "more than the $0.005" in fault["detail"]
    assert (enough["valid"], enough["faults"]) == (True, [])


def test_each_finishing_step_has_its_price(http: httpx2.Client) -> None:
    """0 for what is done here; and how the print will look, by the size that is asked for."""
    steps = ["upscale:4", "remove-background", "trim", "print:poster-a3"]
    body = {"prompt": "a fox", "model": "flux-schnell", "aspect_ratio": "3:4", "finish": steps}

    told = http.post(PATH, json=body).json()

    free = [one for one in told["parts"] if one["rule"] == "done here"]
    assert [(one["model"], one["expected_usd"]) for one in free] == [
        ("trim", "0.00"),
        ("print:poster-a3", "0.00"),
    ]
    assert [one["model"] for one in told["parts"][1:3]] == ["daanelson/real-esrgan-a100", "cjwbw/rembg"]
    assert told["valid"] is True
    assert (told["print"]["fit"], told["print"]["verdict"]) == ("fit", "sharp")
    assert "before the trim" in told["print"]["advice"]
    assert http.post(PATH, json={"prompt": "a fox"}).json()["print"] is None


def test_what_no_run_costs_is_refused(http: httpx2.Client) -> None:
    """A picture that states an untrue size, and more tokens than money: nothing is held, and nothing is a 500."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + 2 * (2**31 - 1).to_bytes(4) + b"\x08\x02\0\0\0"
    huge = "data:image/png;base64," + base64.b64encode(head).decode()
    many: dict[str, Any] = {"model": "llama3_8b", "input": {"prompt": "x", "max_tokens": 2**63 - 1}}
    for path, told in ((PATH, 200), ("/api/generations", 422)):
        refused = [http.post(path, json=body) for body in (by_area([huge]), many)]

        assert [answer.status_code for answer in refused] == [told, 422]
        assert "size of what 'input_images' is given cannot be read, or not be true" in refused[0].text
        assert "is held for nothing" in refused[1].text

    same = http.post("/replicate/v1/models/meta/meta-llama-3-8b/predictions", json={"input": many["input"]})
    few, usual = (
        http.post(PATH, json={"model": "llama3_8b", "input": {"prompt": "x", **more}}).json()
        for more in ({"max_tokens": -5000}, {})
    )

    assert same.status_code == 422
    # Replicate's form states no least; what is no amount counts as the default.
    assert (few["expected_usd"], few["valid"]) == (usual["expected_usd"], True)


def test_a_print_is_judged_by_what_the_model_makes(http: httpx2.Client) -> None:
    """Each model has its own size where nothing is said, and so have its shapes."""
    made = {"flux-1.1-pro-ultra": (2048, 2048), "qwen-image": (1664, 928), "seedream-4": (2048, 2048)}

    for model, size in made.items():
        body = {"prompt": "a", "model": model, "finish": ["print:170x170mm"]}
        told = http.post(PATH, json=body).json()["print"]

        assert (told["width_px"], told["height_px"]) == size
        assert "trim" not in told["advice"]


def test_all_that_is_wrong_is_told_at_once(http: httpx2.Client) -> None:
    body = {"prompt": "a", "input": {"aspect_ratio": "7:5", "num_outputs": 9, "output_format": "bmp"}}

    told = http.post(PATH, json=body).json()

    assert told["valid"] is False
    assert {fault["field"] for fault in told["faults"]} == {"aspect_ratio", "num_outputs", "output_format"}


def test_what_names_no_file_is_refused_before_anything_is_bought(http: httpx2.Client) -> None:
    for given in ("sha256:abc", "hello", "https://", 5, {"url": "https://example.com/a.png"}):
        body = {"prompt": "a", "model": "flux_pro_ultra", "input": {"image_prompt": given}}

        told = http.post(PATH, json=body).json()
        refused = http.post("/api/generations", json=body)

        assert [one["field"] for one in told["faults"]] == ["image_prompt"], given
        assert (refused.status_code, "is no file" in refused.json()["detail"]) == (422, True), given


def test_cheaper_and_faster_models_are_named(http: httpx2.Client) -> None:
    """Only those that take the same words, the cheapest first."""
    body = {"prompt": "a boat", "model": "google/imagen-4-ultra", "aspect_ratio": "4:3"}

    told = http.post(PATH, json=body).json()

    prices = [float(one["expected_usd"]) for one in told["alternatives"]]
    assert prices == sorted(prices)
    assert prices[0] < float(told["expected_usd"])
    assert "google/imagen-4-fast" in {one["model"] for one in told["alternatives"]}


def test_models_that_make_fewer_pixels_are_no_alternative(http: httpx2.Client) -> None:
    """Where a size is asked for, others are priced with theirs."""
    body = {"prompt": "a boat", "model": "google/nano-banana-pro", "size": "4096x4096"}

    told = http.post(PATH, json=body).json()

    found = {one["model"]: one["expected_usd"] for one in told["alternatives"]}
    assert (told["expected_usd"], found) == ("0.30", {"google/nano-banana-2": "0.039"})


def test_a_step_takes_its_turn_and_its_price(http: httpx2.Client) -> None:
    plain = http.post(PATH, json={"prompt": "a"}).json()
    finished = http.post(PATH, json={"prompt": "a", "finish": ["upscale:2", "remove-background"]}).json()

    assert len(finished["parts"]) == 3
    assert float(finished["at_most_usd"]) > float(plain["at_most_usd"])
    assert finished["wait"]["running_s"] > plain["wait"]["running_s"]


def test_what_is_left_is_told(http: httpx2.Client, here: Serving) -> None:
    """The caller's own chain of limits, with what they have left; one without room says so."""
    here.run("budget", "set", "user:*", "--usd", "0.005", "--per", "day")

    told = http.post(PATH, json={"prompt": "a", "n": 2, "user": "alice"}).json()

    (limit,) = told["limits"]
    assert (limit["scope"], limit["measure"], limit["left"]) == ("user", "money", "0.005")
    assert (told["valid"], told["fits"]) == (True, False)


def test_a_model_of_unknown_price_says_what_is_held(http: httpx2.Client) -> None:
    """Of one that upstream has; one that it has not is not there, as when it is asked for."""
    told = http.post(PATH, json={"prompt": "a", "model": "adirik/flux-cinestill"}).json()
    missing = http.post(PATH, json={"prompt": "a", "model": "someone/something"})

    assert told["parts"][0]["made_up"] is None
    assert told["at_most_usd"] == "1.00"
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_model")


def test_a_large_picture_is_held_for_by_its_own_size(http: httpx2.Client, here: Serving) -> None:
    """Rule 11: 36 megapixels are estimated, bounded, held and booked as they are, eight of them as eight."""
    file = ("large.png", picture(6000, 6000))
    link = http.post("/api/files", files={"file": file}).json()["url"]

    told = http.post(PATH, json=by_area([link])).json()
    refused = [
        http.post("/api/generations", json={**by_area([link]), "max_usd": "0.54"}),
        http.post("/api/generations", json={**by_area([link] * 8), "max_usd": "2.5"}),
        http.post("/api/generations", json={**by_area([link]), "n": 2, "max_usd": "1"}),
    ]
    free = here.simulator.bills()["total_usd"]
    made = http.post("/api/generations", json=by_area([link]), headers={"Prefer": "wait=30"}).json()

    # 0.015 for the run, for a megapixel made, and for each of 34.33 given.
    assert (told["expected_usd"], told["at_most_usd"]) == ("0.54495", "0.54495")
    assert [one.status_code for one in refused] == [422] * 3
    assert "up to $4.1496" in refused[1].json()["detail"]
    assert (made["state"], made["cost_usd"]) == ("succeeded", "0.54495")
    assert Decimal(here.simulator.bills()["total_usd"]) - Decimal(free) == Decimal("0.54495")


def test_a_picture_elsewhere_is_fetched_to_be_measured(http: httpx2.Client, here: Serving) -> None:
    """What is bought is what was measured; what cannot be, or is larger than was assumed, is refused."""
    files = {
        "/a.png": picture(2048, 1024),
        "/large.png": picture(6000, 4000),
        "/text.png": b"not a picture",
        "/drawn.svg": SVG,
    }
    bought = here.simulator.bills()["predictions"]
    with elsewhere(files) as origin:
        links = [f"{origin}/{name}" for name in ("a.png", "large.png", "text.png", "gone.png", "drawn.svg")]
        told = http.post(PATH, json=by_area([links[0]])).json()
        answers = [http.post("/api/generations", json=by_area([link])) for link in links[1:]]
        free = here.simulator.bills()
        made = http.post(
            "/api/generations", json=by_area([links[0]] * 2), headers={"Prefer": "wait=30"}
        ).json()

    details = [one.json()["detail"] for one in answers]
    assert (told["expected_usd"], told["at_most_usd"]) == ("0.045", "0.33")
    assert [one.status_code for one in answers] == [422] * 4
    assert "22.89 megapixels" in details[0]
    assert "cannot be read" in details[1]
    assert "answered 404" in details[2]
    assert "give a PNG, JPEG, WebP or GIF" in details[3]
    assert free["predictions"] == bought
    assert made["input"]["input_images"][0].startswith("tintype:sha256:")
    # 0.015 for the run, a megapixel made, and two of 2 given.
    assert (made["state"], made["cost_usd"]) == ("succeeded", "0.09")


def test_what_is_as_large_as_the_picture_given_is_within_its_bound(http: httpx2.Client) -> None:
    link = http.post("/api/files", files={"file": ("odd.png", picture(6000, 5001))}).json()["url"]
    asked = by_area([link], resolution="match_input_image", aspect_ratio="match_input_image")

    told = http.post(PATH, json=asked).json()
    made = http.post("/api/generations", json=asked, headers={"Prefer": "wait=30"}).json()

    assert made["state"] == "succeeded"
    assert Decimal(made["cost_usd"]) <= Decimal(told["at_most_usd"])


def test_what_is_wrong_with_a_picture_is_told_as_all_else_is(http: httpx2.Client, here: Serving) -> None:
    """By the input that it is given to: an estimate is not valid, Replicate's words have their fields (rule 25)."""
    editor = {"prompt": "a", "model": "flux-kontext-pro"}
    gone = f"{here.origin}/api/files/01k9w3t8m2q7r5v6x0y4z1a2b3"
    broken = by_area(["data:image/png;base64,AAAA"])
    asked = [
        broken,
        {**broken, "n": 2, "max_usd": "1"},
        by_area([gone]),
        by_area([f"tintype:sha256:{'0' * 64}"]),
        {**editor, "input": {"input_image": gone}},
        {**editor, "input": {"input_image": "https://example.com/a.png"}},
    ]

    told = [http.post(PATH, json=one) for one in asked]
    refused = http.post("/api/generations", json=broken)
    theirs = http.post(
        f"/replicate/v1/models/{BY_AREA}/predictions", json={"input": broken["input"] | {"prompt": "a"}}
    )

    assert [(one.status_code, one.json()["valid"]) for one in told] == [(200, False)] * 5 + [(200, True)]
    assert [[fault["field"] for fault in one.json()["faults"]] for one in told] == [
        ["input_images"],
        ["input_images"] * 2,
        ["input_images"],
        ["input_images"],
        ["input_image"],
        [],
    ]
    assert refused.json()["fields"] == [{"field": "input.input_images", "detail": refused.json()["detail"]}]
    assert (theirs.status_code, theirs.json()["title"]) == (422, "Input validation failed")
    assert [one["field"] for one in theirs.json()["invalid_fields"]] == ["input.input_images"]


def test_a_repeat_is_answered_though_its_pictures_are_gone(http: httpx2.Client, here: Serving) -> None:
    """Rule 8: what was admitted is given again before anything is measured; another body is a conflict even so."""
    bought = here.simulator.bills()["predictions"]
    prediction = f"/replicate/v1/models/{BY_AREA}/predictions"
    with elsewhere({"/a.png": picture(64, 32)}) as origin:
        kept = http.post("/api/files", files={"file": ("a.png", picture(64, 48))}).json()
        upload, away = by_area([kept["url"]]), by_area([f"{origin}/a.png"])
        unmeasured = {"prompt": "a", "model": "flux-kontext-pro", "input": {"input_image": kept["url"]}}
        asked: list[tuple[str, dict[str, Any], dict[str, str]]] = [
            ("/api/generations", upload, {"Idempotency-Key": "upload"}),
            ("/api/generations", away, {"Idempotency-Key": "away"}),
            ("/api/generations", {**upload, "n": 2, "max_usd": "1"}, {"Idempotency-Key": "planned"}),
            ("/api/generations", unmeasured, {"Idempotency-Key": "unmeasured"}),
            ("/api/orders", {"generations": [upload, away]}, {"Idempotency-Key": "order"}),
            (prediction, {"input": {"prompt": "a boat", "input_images": [kept["url"]]}}, {}),
        ]
        first = [http.post(path, json=body, headers=headers) for path, body, headers in asked]
        http.delete(f"/api/files/{kept['id']}").raise_for_status()

    again = [
        http.post(path, json=body, headers=headers or {"x-stainless-retry-count": "1"})
        for path, body, headers in asked
    ]
    other = http.post("/api/generations", json={**away, "n": 2}, headers={"Idempotency-Key": "away"})
    new = http.post("/api/generations", json=upload, headers={"Idempotency-Key": "new"})

    assert [one.json()["id"] for one in again] == [one.json()["id"] for one in first]
    assert [one.status_code for one in again] == [one.status_code for one in first]
    assert (other.status_code, new.status_code) == (409, 422)
    until(lambda: here.simulator.bills()["predictions"] == bought + 8)
