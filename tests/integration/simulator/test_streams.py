"""Text models stream their words."""

from __future__ import annotations

import asyncio
from typing import Any

LLAMA = "meta/meta-llama-3-8b-instruct"


def _parsed(text: str) -> list[dict[str, str]]:
    events = []
    for block in text.split("\n\n"):
        event: dict[str, str] = {}
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            if colon and name:
                value = value.removeprefix(" ")
                event[name] = f"{event[name]}\n{value}" if name in event else value
            elif colon:
                event["comment"] = value
        if event:
            events.append(event)
    return events


async def _streamed(simulator: Any, made: dict[str, Any], **headers: str) -> list[dict[str, str]]:
    headers = {"accept": "text/event-stream", **headers}
    answer = await simulator.http.get(made["urls"]["stream"], headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    return _parsed(answer.text)


async def test_stream_gives_every_piece_and_then_done(start: Any) -> None:
    simulator = await start()
    made = await simulator.create({"prompt": "Write about llamas.", "max_tokens": 60}, model=LLAMA)
    events = await _streamed(simulator, made)
    done = await simulator.get(made["id"])

    assert [event["event"] for event in events] == ["output"] * (len(events) - 1) + ["done"]
    assert [event["data"] for event in events[:-1]] == done["output"]
    assert events[-1]["data"] == "{}"
    assert "llamas" in "".join(done["output"])
    assert len(done["output"]) <= 60
    seconds, _, number = events[0]["id"].partition(":")
    assert (seconds.isdigit(), number) == (True, "0")
    assert done["metrics"]["output_token_count"] == len(done["output"])


async def test_reader_goes_on_after_the_last_id(start: Any) -> None:
    simulator = await start()
    made = await simulator.create({"prompt": "Write about llamas."}, model=LLAMA)
    whole = await _streamed(simulator, made)

    rest = await _streamed(simulator, made, **{"last-event-id": whole[4]["id"]})

    assert rest == whole[5:]


async def test_pieces_come_while_it_runs_and_end_with_a_cancel(start: Any) -> None:
    simulator = await start(speed=1)
    made = await simulator.create({"prompt": "[[delay=100]] Write about llamas."}, model=LLAMA)
    reading = asyncio.create_task(_streamed(simulator, made))
    for _ in range(5):
        simulator.world.clock.advance(10)
        await asyncio.sleep(0)
    partly = await simulator.get(made["id"])
    canceled = await simulator.cancel(made["id"])
    events = await reading

    assert partly["status"] == "processing"
    assert 0 < len(partly["output"]) <= len(canceled["output"])
    assert [event["data"] for event in events[:-1]] == canceled["output"]
    assert (events[-1]["event"], events[-1]["data"]) == ("done", '{"reason":"canceled"}')


async def test_failure_is_told_as_an_error(start: Any) -> None:
    simulator = await start()
    made = await simulator.create({"prompt": "[[fail=out of words]] x"}, model=LLAMA)
    events = await _streamed(simulator, made)

    assert [(event["event"], event["data"]) for event in events] == [
        ("error", '{"detail": "out of words"}'),
        ("done", '{"reason":"error"}'),
    ]


async def test_silent_stream_ends_with_the_recorded_comment(start: Any) -> None:
    simulator = await start(speed=1)
    made = await simulator.create({"prompt": "[[cold=100]] x"}, model=LLAMA)
    reading = asyncio.create_task(_streamed(simulator, made))
    await simulator.watched(made["id"])
    simulator.world.clock.advance(31)

    assert await reading == [{"comment": "408: 408 Request Timeout"}]


async def test_stream_ends_with_a_reset(start: Any) -> None:
    """Nobody waits for words of a prediction that is no more."""
    simulator = await start(speed=1)
    made = await simulator.create({"prompt": "[[delay=100]] x"}, model=LLAMA)
    reading = asyncio.create_task(_streamed(simulator, made))
    await simulator.watched(made["id"])
    simulator.world.reset()

    async with asyncio.timeout(5):
        assert await reading == []


async def test_stream_of_nothing_is_not_found(start: Any) -> None:
    simulator = await start()
    picture = await simulator.create({"prompt": "x"})
    token = simulator.world.outputs.token(picture["id"])

    assert (await simulator.http.get("/v1/streams/nonsense")).status_code == 404
    assert (await simulator.http.get(f"/v1/streams/{token}")).status_code == 404
