"""Files that predictions take as input; upstream keeps them for 24 hours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tintype.replicate import calling, inputs, steps, wire
from tintype.replicate.resources import binding
from tintype.replicate.results import File, Page

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH = "/files"


class FileOps(binding.Resource):
    """The methods of files, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def create(
        self,
        file: Any,
        *,
        name: str | None = None,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> steps.Op[File]:
        """Upload a Path, bytes, an open binary file or a Pillow image of at most 100 MB.

        Repeated after failures: an upload buys nothing, and one too many is gone after 24 hours.
        """
        opened = partial(inputs.open_file, file, name=name, content_type=content_type)
        name, content, content_type = yield steps.Work(opened)
        return (yield from inputs.upload(self._desk.context, str(name), content, str(content_type), metadata))

    @steps.operation
    def get(self, id: str) -> steps.Op[File]:  # noqa: A002 - the API's own word
        """Look at an uploaded file."""
        return (yield from binding.fetch(self._desk, File, wire.Call("GET", f"{_PATH}/{wire.part(id)}")))

    @steps.operation
    def list(self, *, cursor: str | None = None) -> steps.Op[Page[File]]:
        """Read one page of uploaded files."""
        return (yield from binding.page(self._desk, File, _PATH, None, cursor))

    @steps.iterating(File)
    def iterate(self) -> steps.Op[None]:
        """Iterate over all uploaded files."""
        yield from binding.walk(self._desk, File, _PATH)

    @steps.operation
    def delete(self, id: str) -> steps.Op[None]:  # noqa: A002 - the API's own word
        """Delete an uploaded file."""
        yield from binding.done(self._desk, wire.Call("DELETE", f"{_PATH}/{wire.part(id)}"))

    @steps.operation
    def download(self, id: str, *, owner: str, expiry: int, signature: str) -> steps.Op[bytes]:  # noqa: A002 - as above
        """Read a file through a signed link, which needs no token. `expiry` in Unix seconds."""
        call = wire.Call(
            "GET",
            f"{_PATH}/{wire.part(id)}/download",
            query={"owner": owner, "expiry": str(expiry), "signature": signature},
            headers=(("Accept", "*/*"),),
            with_token=False,
        )
        return (yield from calling.call(self._desk.context, call, _bytes))


def _bytes(reply: wire.Reply) -> bytes:
    return reply.body


class Files(FileOps, steps.Blocking):
    """Files of a blocking client."""

    __slots__ = ()


class AsyncFiles(FileOps, steps.Awaiting):
    """Files of an async client."""

    __slots__ = ()
