"""Outputs are read, streamed and saved whole, without the token, from allowed hosts alone."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.client.conftest import Asked, Listener, answer
from tintype import Client
from tintype.domain import errors
from tintype.replicate.results import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tintype.testing import Simulator

FLUX = "black-forest-labs/flux-schnell"
LLAMA = "meta/meta-llama-3-8b-instruct"
RECORD = {"id": "p1", "status": "succeeded"}
PICTURE = b"\x89PNG\r\n\x1a\n" + b"x" * 5_000


def _outputs(asked: Asked, url: Any) -> Any:
    """The outputs of a prediction that a server of the test's own tells of."""
    made = Prediction.model_validate({**RECORD, "output": url})
    return asked.client.predictions.outputs(made)


def test_a_picture_is_read_streamed_and_saved_alike(both: Asked, tmp_path: Path) -> None:
    (output,) = both.ask(lambda client: client.run(FLUX, {"prompt": "a", "output_format": "png"}))

    whole = both.ask(lambda _: output.read())
    pieces = both.ask(lambda _: output.stream())
    saved = both.ask(lambda _: output.save(tmp_path))

    assert whole.startswith(b"\x89PNG")
    assert b"".join(pieces) == whole == saved.read_bytes()
    assert saved == tmp_path / f"{output.prediction_id}-0.png"
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]


def test_a_path_is_a_folder_where_it_is_one_and_else_the_file(both: Asked, tmp_path: Path) -> None:
    (output,) = both.ask(lambda client: client.run(FLUX, {"prompt": "a"}))

    named = both.ask(lambda _: output.save(tmp_path / "deep" / "down.webp"))
    folder = both.ask(lambda _: output.save(f"{tmp_path}/new/"))
    again = both.ask(lambda _: output.save(str(named)))

    assert named == again == tmp_path / "deep" / "down.webp"
    assert folder.parent == tmp_path / "new"
    assert folder.suffix == ".webp"


def test_text_is_one_output_whole(both: Asked, tmp_path: Path) -> None:
    (output,) = both.ask(lambda client: client.run(LLAMA, {"prompt": "why?"}))
    saved = both.ask(lambda _: output.save(tmp_path))

    assert len(output.text.split()) > 20
    assert saved.suffix == ".txt"
    assert saved.read_text() == output.text == both.ask(lambda _: output.read()).decode()
    assert output.url is None


def test_the_token_goes_with_no_download(make: Callable[..., Asked], listen: Callable[..., Listener]) -> None:
    """Not even to the API's own origin: outputs are open."""
    server = listen(answer(200, PICTURE))
    asked = make(server.url, "r8_marker")
    (output,) = _outputs(asked, f"{server.url}/out.png")

    assert asked.ask(lambda _: output.read()) == PICTURE
    assert b"r8_marker" not in server.requests[0]
    assert b"uthorization" not in server.requests[0]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/x.png",
        "http://replicate.delivery/x.png",
        "https://replicate.delivery.evil.test/x.png",
        "https://user@replicate.delivery/x.png",
        "https://replicate.delivery:8443/x.png",
        "http://169.254.169.254/latest",
        "http://127.0.0.1:1/x",
        "http://[::1",
        "https://evil.test\\.replicate.delivery/x.png",
        "https://\u202e.replicate.delivery/x.png",
        "https://a..replicate.delivery/x.png",
        f"https://{'a' * 300}.replicate.delivery/x.png",
        "https://replicate.delivery/\x00x.png",
        f"https://replicate.delivery/x.png{'a' * 100_000}",
    ],
    ids=lambda address: address[:40],
)
def test_other_hosts_are_not_asked(make: Callable[..., Asked], address: str) -> None:
    asked = make("http://127.0.0.1:9")
    (output,) = _outputs(asked, address)

    with pytest.raises(errors.OutputRefused) as caught:
        asked.ask(lambda _: output.read())
    assert "x.png" not in str(caught.value)


def test_a_host_that_is_named_is_allowed(make: Callable[..., Asked], listen: Callable[..., Listener]) -> None:
    server = listen(answer(200, PICTURE))
    asked = make("http://127.0.0.1:9", output_hosts=[server.url.removeprefix("http://")])
    (output,) = _outputs(asked, f"{server.url}/x.png")

    assert asked.ask(lambda _: output.read()) == PICTURE


def test_redirects_are_followed_within_allowed_hosts_alone(
    make: Callable[..., Asked], listen: Callable[..., Listener]
) -> None:
    server = listen(
        answer(302, b"", "Location: /there.png"),
        answer(200, PICTURE),
        answer(302, b"", "Location: https://evil.test/x"),
        answer(302, b"", "Location: http://["),
        *[answer(302, b"", "Location: /again")] * 6,
    )
    asked = make(server.url)
    (output,) = _outputs(asked, f"{server.url}/here.png")

    assert asked.ask(lambda _: output.read()) == PICTURE
    with pytest.raises(errors.OutputRefused, match="evil"):
        asked.ask(lambda _: output.read())
    with pytest.raises(errors.OutputRefused, match="not a URL"):
        asked.ask(lambda _: output.read())
    with pytest.raises(errors.OutputRefused, match="redirects"):
        asked.ask(lambda _: output.read())


def test_a_file_over_the_cap_is_refused_by_its_length_and_by_its_bytes(
    make: Callable[..., Asked], listen: Callable[..., Listener], tmp_path: Path
) -> None:
    endless = (
        b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 0x400 + b"\r\n0\r\n\r\n"
    )
    server = listen(answer(200, PICTURE), endless)
    asked = make(server.url, output_bytes_max=1_000)
    (output,) = _outputs(asked, f"{server.url}/x.png")

    for _ in range(2):
        with pytest.raises(errors.OutputRefused, match="larger than 1000 bytes"):
            asked.ask(lambda _: output.save(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_transfer_that_breaks_is_taken_up_where_it_ended(
    make: Callable[..., Asked], listen: Callable[..., Listener], tmp_path: Path
) -> None:
    """By a range where the server gives one, else from the start and past what is there already."""
    head = b"HTTP/1.1 200 X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(PICTURE)
    rest = answer(206, PICTURE[2_000:], f"Content-Range: bytes 2000-{len(PICTURE) - 1}/{len(PICTURE)}")
    server = listen(head + PICTURE[:2_000], rest, head + PICTURE[:3_000], answer(200, PICTURE))
    asked = make(server.url)
    (output,) = _outputs(asked, f"{server.url}/x.png")

    ranged = asked.ask(lambda _: output.save(tmp_path)).read_bytes()
    whole = asked.ask(lambda _: output.read())

    assert hashlib.sha256(ranged).digest() == hashlib.sha256(PICTURE).digest()
    assert whole == PICTURE
    assert any(b"range: bytes=2000-" in request.lower() for request in server.requests)


@pytest.mark.parametrize("rule", [{"do": "truncate"}, {"do": "slow", "bytes_per_s": 200_000}])
def test_faults_of_the_delivery_end_in_the_whole_file(
    both: Asked, simulator: Simulator, rule: dict[str, Any], tmp_path: Path
) -> None:
    (output,) = both.ask(lambda client: client.run(FLUX, {"prompt": "a", "megapixels": "0.25"}))
    whole = both.ask(lambda _: output.read())
    simulator.faults([{"on": "output", **rule, "count": 2}])

    assert both.ask(lambda _: output.save(tmp_path)).read_bytes() == whole


def test_a_missing_file_is_told_as_gone_and_leaves_nothing(
    both: Asked, simulator: Simulator, tmp_path: Path
) -> None:
    (output,) = both.ask(lambda client: client.run(FLUX, {"prompt": "a"}))
    simulator.faults([{"on": "output", "do": "missing"}])

    with pytest.raises(errors.RetentionPassed) as caught:
        both.ask(lambda _: output.save(tmp_path))

    assert caught.value.status == 404
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_as_such_and_leaves_nothing(
    listen: Callable[..., Listener], tmp_path: Path
) -> None:
    """In a process of its own, whose files are limited to 1 kB: the last bytes are refused once more at closing."""
    with Client("r8_tests", base_url=listen(answer(200, PICTURE)).url) as client:
        made = Prediction.model_validate({**RECORD, "output": f"{client.base_url}/here.png"})
        process = os.fork()
        if process == 0:
            signal.alarm(10)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
            try:
                client.predictions.outputs(made)[0].save(tmp_path)
            except OSError as error:
                os._exit(error.errno or 0)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == errno.EFBIG

    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_nobody_reads_to_its_end_is_closed(both: Asked) -> None:
    (output,) = both.ask(lambda client: client.run(FLUX, {"prompt": "a"}))

    def first(_: Any) -> Any:
        stream = output.stream()
        if not hasattr(stream, "__aiter__"):
            piece = next(stream)
            stream.close()
            return piece

        async def one() -> bytes:
            piece: bytes = await anext(stream)
            await stream.aclose()
            return piece

        return one()

    assert both.ask(first)
    assert both.ask(lambda client: client.account.get()).type == "user"


def test_data_uris_are_outputs_like_others(make: Callable[..., Asked], tmp_path: Path) -> None:
    asked = make("http://127.0.0.1:9")
    (output,) = _outputs(asked, "data:image/png;base64,iVBORw0KGgo=")

    assert asked.ask(lambda _: output.read()) == PICTURE[:8]
    assert b"".join(asked.ask(lambda _: output.stream())) == PICTURE[:8]
    assert asked.ask(lambda _: output.save(tmp_path)).name == "p1-0.png"
