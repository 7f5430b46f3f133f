"""Everything that one simulator knows, in one place. Used from the event loop's thread only."""

from __future__ import annotations

import hashlib
import hmac
import random
from base64 import b64encode
from typing import TYPE_CHECKING, Generic, TypeVar

from tintype.simulator import auth, models, records
from tintype.simulator.blobs import Blobs
from tintype.simulator.clock import Clock
from tintype.simulator.faults import Faults
from tintype.simulator.ids import Ids
from tintype.simulator.intake import Intake
from tintype.simulator.journal import Journal, open_journal
from tintype.simulator.outputs import Outputs
from tintype.simulator.runs import Runs
from tintype.simulator.throttle import Throttle
from tintype.simulator.traffic import Traffic
from tintype.simulator.webhooks import Deliveries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tintype.simulator.settings import Settings

R = TypeVar("R", bound=records.Record)

NANO_PER_USD = 10**9


class Shelf(Generic[R]):
    """All records of one kind: by key, and each account's keys in the order they were added.

    Every change goes to the journal; a changed record is handed to `save`.
    """

    def __init__(self, cls: type[R], journal: Journal) -> None:
        self._cls = cls
        self._journal = journal
        self._items: dict[str, R] = {}
        self._keys: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[R]:
        return iter(self._items.values())

    def get(self, key: str) -> R | None:
        """Return the record with this key, or None."""
        return self._items.get(key)

    def keys_of(self, account: str) -> Sequence[str]:
        """Return the keys of an account's records, oldest first. A view: do not change it."""
        return self._keys.get(account, ())

    def of(self, account: str) -> list[R]:
        """Return an account's records, oldest first."""
        return [self._items[key] for key in self.keys_of(account)]

    def add(self, record: R) -> None:
        """Take a new record; an old one with its key is replaced in place."""
        self._take(record)
        self.save(record)

    def save(self, record: R) -> None:
        """Write the record as it is now to the journal."""
        if self._journal.is_kept:
            self._journal.put(record.kind, record.key, record.to_json())

    def remove(self, key: str) -> R | None:
        """Take a record out and return it; None when there was none."""
        record = self._items.pop(key, None)
        if record is not None:
            self._keys[record.account].remove(key)
            self._journal.delete(record.kind, key)
        return record

    def load(self) -> None:
        """Read all records of this kind from the journal."""
        for _, text in self._journal.load(self._cls.kind):
            self._take(self._cls.from_json(text))

    def clear(self) -> None:
        """Forget all records; the journal is cleared by the world."""
        self._items.clear()
        self._keys.clear()

    def _take(self, record: R) -> None:
        if record.key not in self._items:
            self._keys.setdefault(record.account, []).append(record.key)
        self._items[record.key] = record


class Accounts(Shelf[records.Account]):
    """Accounts by token; a token that was never seen opens one."""

    def __init__(self, world: World, journal: Journal) -> None:
        super().__init__(records.Account, journal)
        self._world = world

    def by_token(self, token: str) -> records.Account:
        """Return the account of a token that `auth.token_of` let pass. The first use opens the account."""
        return self.get(token) or self.open(token)

    def open(
        self, token: str, *, credit_nano_usd: int | None = None, username: str | None = None
    ) -> records.Account:
        """Open an account, or open it anew, with the usual credit or the one given."""
        world = self._world
        digest = hashlib.sha256(token.encode()).hexdigest()
        name = username or f"user-{digest[:8]}"
        if credit_nano_usd is None:
            credit_nano_usd = 0 if auth.is_broke(token) else int(world.settings.credit_usd * NANO_PER_USD)
        account = records.Account(
            token=token,
            username=name,
            name=name,
            secret="whsec_" + b64encode(world.sign(f"webhook {token}")[:24]).decode(),
            credit_nano_usd=credit_nano_usd,
            created_s=world.clock.now(),
        )
        self.add(account)
        return account


class World:
    """The state of one simulator and the few things that are done to all of it."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        catalogue: Mapping[str, models.Model] | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.models = models.load() if catalogue is None else catalogue
        self.hardware = models.hardware()
        self.collections = models.collections()
        self.journal = journal or open_journal(settings.data)
        self.random: random.Random = (
            random.SystemRandom() if settings.seed is None else random.Random(settings.seed)
        )
        self.ids = Ids(self.clock.now, self.random)
        self.blobs = Blobs(None if settings.data is None else settings.data / "blobs")
        self.faults = Faults()
        self.throttle = Throttle(settings.limits)
        self.traffic = Traffic()
        self.accounts = Accounts(self, self.journal)
        self.predictions = Shelf(records.Prediction, self.journal)
        self.trainings = Shelf(records.Training, self.journal)
        self.files = Shelf(records.File, self.journal)
        self.deployments = Shelf(records.Deployment, self.journal)
        self.user_models = Shelf(records.UserModel, self.journal)
        self.user_versions = Shelf(records.UserVersion, self.journal)
        self.shelves: tuple[Shelf[records.Record], ...] = (  # type: ignore[assignment]  # a shelf of each kind
            self.accounts,
            self.predictions,
            self.trainings,
            self.files,
            self.deployments,
            self.user_models,
            self.user_versions,
        )
        self.booted: dict[str, tuple[float, float]] = {}
        """When a community model is or was ready, and until when it stays so."""
        self._versions = {model.version_id: model for model in self.models.values()}
        self._key = self._load()
        self.clock.on_advance = self._keep_clock
        self.deliveries = Deliveries(
            clock=self.clock, faults=self.faults, journal=self.journal, random=self.random
        )
        self.intake = Intake(self)
        self.outputs = Outputs(self)
        self.runs = Runs(self)

    def sign(self, text: str) -> bytes:
        """Return 32 bytes that only this simulator can make from a text: tokens of URLs, secrets."""
        return hmac.digest(self._key, text.encode(), "sha256")

    def find_version(self, version_id: str, account: str | None = None) -> tuple[str, models.Model] | None:
        """Return the slug that a version belongs to and the model that runs it; None for an unknown version.

        An account's own versions are seen by that account only.
        """
        model = self._versions.get(version_id)
        if model is not None:
            return model.slug, model
        version = self.user_versions.get(version_id)
        if version is None or (account is not None and version.account != account):
            return None
        return version.model, self.models[version.runs]

    def reset(self) -> None:
        """Forget all that happened: accounts, predictions, files, faults and timers. The time stays."""
        self.runs.clear()
        self.deliveries.clear()
        self.outputs.clear()
        self.clock.clear()
        self.journal.clear()
        self.blobs.clear()
        for shelf in self.shelves:
            shelf.clear()
        self.faults.clear()
        self.throttle.reset()
        self.traffic.reset()
        self.booted.clear()
        self._keep_key()
        self._keep_clock()

    def resume(self) -> None:
        """Take up what the journal told of: on the event loop, before the first request."""
        for file in self.files:
            self.blobs.keep(file.blob)
        for prediction in self.predictions:
            self.intake.keep(prediction.sources)
        self.blobs.sweep()
        self.runs.resume()
        self.deliveries.resume()

    async def close(self) -> None:
        """End what is under way and let go of the journal."""
        await self.runs.close()
        await self.deliveries.close()
        await self.intake.close()
        self.outputs.close()
        self.journal.close()

    def _load(self) -> bytes:
        for _, text in self.journal.load("clock"):
            self.clock.advance(float(text))
        keys = [text for _, text in self.journal.load("key")]
        self._key = bytes.fromhex(keys[0].decode()) if keys else self.random.randbytes(32)
        if not keys:
            self._keep_key()
        for shelf in self.shelves:
            shelf.load()
        return self._key

    def _keep_clock(self) -> None:
        self.journal.put("clock", "advanced_s", repr(self.clock.advanced_s).encode())

    def _keep_key(self) -> None:
        self.journal.put("key", "signing", self._key.hex().encode())
