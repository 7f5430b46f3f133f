"""Files that accounts upload: kept for 24 hours, found by id, signed for download."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from tintype.simulator import timestamps
from tintype.simulator.records import File

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tintype.simulator.records import Account
    from tintype.simulator.world import World

BYTES_MAX = 100 * 1024 * 1024
LIFE_S = 24 * 60 * 60.0


def add(
    world: World,
    account: Account,
    *,
    content: bytes,
    name: str,
    content_type: str,
    metadata: Mapping[str, Any],
) -> File:
    """Keep a file for its account until it expires."""
    identity = uuid.UUID(bytes=world.random.randbytes(16), version=4)
    now_s = world.clock.now()
    blob = world.blobs.put(content)
    file = File(
        id=b64encode(str(identity).encode()).decode(),
        account=account.token,
        name=name,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        metadata=json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode(),
        created_s=now_s,
        expires_s=now_s + LIFE_S,
        blob=blob,
    )
    world.files.add(file)
    watch(world, file)
    return file


def watch(world: World, file: File) -> None:
    """Remove the file when its time has come."""
    world.clock.at(file.expires_s, remove, world, file.id)


def remove(world: World, identity: str) -> None:
    """Remove a file and its bytes; one that is gone already stays gone."""
    file = world.files.remove(identity)
    if file is not None:
        world.blobs.release(file.blob)


def find(world: World, identity: str) -> File | None:
    """Return a file that has not expired, whoever owns it."""
    file = world.files.get(identity)
    return None if file is None or file.expires_s <= world.clock.now() else file


def read(world: World, identity: str) -> bytes | None:
    """Return the bytes of a file, None for one that is gone."""
    file = find(world, identity)
    return None if file is None else world.blobs.get(file.blob)


def show(file: File, *, origin: str) -> dict[str, Any]:
    """Return a file as the API writes it."""
    return {
        "id": file.id,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "etag": file.md5,
        "checksums": {"sha256": file.sha256, "md5": file.md5},
        "metadata": json.loads(file.metadata),
        "created_at": timestamps.write(file.created_s, timestamps.MILLI),
        "expires_at": timestamps.write(file.expires_s, timestamps.MILLI),
        "urls": {"get": f"{origin}/v1/files/{file.id}"},
    }


def signing_secret(world: World, account: Account) -> str:
    """Return the secret that signs links to an account's files."""
    return b64encode(world.sign(f"files {account.token}")).decode()


def signature(secret: str, *, owner: str, identity: str, expiry: str) -> str:
    """Return the signature of a download link: base64 of an HMAC-SHA256 over owner, id and expiry."""
    digest = hmac.digest(secret.encode(), f"{owner} {identity} {expiry}".encode(), "sha256")
    return b64encode(digest).decode()
