"""The account and what belongs to it: hardware, deployments, trainings, the webhook secret."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tintype.replicate import calling, inputs, steps, webhooks, wire
from tintype.replicate.resources import binding
from tintype.replicate.results import Account, Deployment, Hardware, Page, Secret, Training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class AccountOps(binding.Resource):
    """The methods of the account, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def get(self) -> steps.Op[Account]:
        """Say whose token this is."""
        return (yield from binding.fetch(self._desk, Account, wire.Call("GET", "/account")))


class HardwareOps(binding.Resource):
    """The methods of hardware, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def list(self) -> steps.Op[list[Hardware]]:
        """All kinds of machines."""
        call = wire.Call("GET", "/hardware")
        return (yield from calling.call(self._desk.context, call, partial(wire.read_list, Hardware)))


class DeploymentOps(binding.Resource):
    """The methods of deployments, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def get(self, ref: str) -> steps.Op[Deployment]:
        """Look at a deployment, `owner/name`."""
        return (yield from binding.fetch(self._desk, Deployment, wire.Call("GET", _deployment(ref))))

    @steps.operation
    def list(self, *, cursor: str | None = None) -> steps.Op[Page[Deployment]]:
        """Read one page of deployments."""
        return (yield from binding.page(self._desk, Deployment, "/deployments", None, cursor))

    @steps.iterating(Deployment)
    def iterate(self) -> steps.Op[None]:
        """Iterate over all deployments."""
        yield from binding.walk(self._desk, Deployment, "/deployments")

    @steps.operation
    def create(
        self, name: str, *, model: str, version: str, hardware: str, min_instances: int, max_instances: int
    ) -> steps.Op[Deployment]:
        """Create a deployment, which costs money while instances run. Not repeated after an unknown outcome."""
        body = binding.body(
            name=name,
            model=model,
            version=version,
            hardware=hardware,
            min_instances=min_instances,
            max_instances=max_instances,
        )
        call = wire.Call("POST", "/deployments", wire.Kind.CREATE, body=body)
        return (yield from binding.fetch(self._desk, Deployment, call))

    @steps.operation
    def update(
        self,
        ref: str,
        *,
        version: str | None = None,
        hardware: str | None = None,
        min_instances: int | None = None,
        max_instances: int | None = None,
    ) -> steps.Op[Deployment]:
        """Change what is given of a deployment, as a new release."""
        body = binding.body(
            version=version, hardware=hardware, min_instances=min_instances, max_instances=max_instances
        )
        return (
            yield from binding.fetch(self._desk, Deployment, wire.Call("PATCH", _deployment(ref), body=body))
        )

    @steps.operation
    def delete(self, ref: str) -> steps.Op[None]:
        """Delete a deployment that is offline."""
        yield from binding.done(self._desk, wire.Call("DELETE", _deployment(ref)))


class TrainingOps(binding.Resource):
    """The methods of trainings, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def create(
        self,
        ref: str,
        version: str,
        *,
        destination: str,
        input: Mapping[str, Any],  # noqa: A002 - the API's own word
        webhook: str | None = None,
        webhook_events: Sequence[str] | None = None,
    ) -> steps.Op[Training]:
        """Train a version of a model into `destination`. Not repeated after an unknown outcome."""
        plain = yield from inputs.prepare(self._desk.context, input, inline_max=self._desk.options.inline_max)
        path = f"{wire.model_path(ref)}/versions/{wire.part(version)}/trainings"
        call = wire.Call(
            "POST",
            path,
            wire.Kind.CREATE,
            body=binding.body(
                destination=destination,
                input=plain,
                webhook=webhook,
                webhook_events_filter=wire.check_webhook(webhook, webhook_events),
            ),
            target=wire.Target(path=path, model=ref, version=version),
            input=plain,
            webhook=webhook,
        )
        return (yield from binding.fetch(self._desk, Training, call))

    @steps.operation
    def get(self, id: str) -> steps.Op[Training]:  # noqa: A002 - the API's own word
        """Look at a training by its id."""
        return (
            yield from binding.fetch(self._desk, Training, wire.Call("GET", f"/trainings/{wire.part(id)}"))
        )

    @steps.operation
    def list(self, *, cursor: str | None = None) -> steps.Op[Page[Training]]:
        """Read one page of trainings, newest first."""
        return (yield from binding.page(self._desk, Training, "/trainings", None, cursor))

    @steps.iterating(Training)
    def iterate(self) -> steps.Op[None]:
        """Iterate over all trainings."""
        yield from binding.walk(self._desk, Training, "/trainings")

    @steps.operation
    def cancel(self, id: str) -> steps.Op[Training]:  # noqa: A002 - the API's own word
        """Cancel a training; one that has ended stays as it is."""
        call = wire.Call("POST", f"/trainings/{wire.part(id)}/cancel")
        return (yield from binding.fetch(self._desk, Training, call))


class WebhookOps(binding.Resource):
    """The webhook secret of the account and what is checked with it, for both kinds of client."""

    __slots__ = ()

    @steps.operation
    def secret(self) -> steps.Op[Secret]:
        """The secret that the account's webhooks are signed with, in `key`."""
        return (yield from binding.fetch(self._desk, Secret, wire.Call("GET", "/webhooks/default/secret")))

    @steps.operation
    def verify(
        self, headers: Mapping[str, str], body: bytes, *, tolerance_s: float = webhooks.TOLERANCE_S
    ) -> steps.Op[webhooks.Verified]:
        """Check a webhook with the account's secret, which is asked for once. Raises WebhookRefused."""
        if self._desk.webhook_secret is None:
            found = yield from binding.fetch(self._desk, Secret, wire.Call("GET", "/webhooks/default/secret"))
            self._desk.webhook_secret = found
        return webhooks.verify(headers, body, self._desk.webhook_secret.key, tolerance_s)


def _deployment(ref: str) -> str:
    return wire.model_path(ref).replace("/models/", "/deployments/", 1)


class Accounts(AccountOps, steps.Blocking):
    """The account of a blocking client."""

    __slots__ = ()


class AsyncAccounts(AccountOps, steps.Awaiting):
    """The account of an async client."""

    __slots__ = ()


class Machines(HardwareOps, steps.Blocking):
    """Hardware of a blocking client."""

    __slots__ = ()


class AsyncMachines(HardwareOps, steps.Awaiting):
    """Hardware of an async client."""

    __slots__ = ()


class Deployments(DeploymentOps, steps.Blocking):
    """Deployments of a blocking client."""

    __slots__ = ()


class AsyncDeployments(DeploymentOps, steps.Awaiting):
    """Deployments of an async client."""

    __slots__ = ()


class Trainings(TrainingOps, steps.Blocking):
    """Trainings of a blocking client."""

    __slots__ = ()


class AsyncTrainings(TrainingOps, steps.Awaiting):
    """Trainings of an async client."""

    __slots__ = ()


class Webhooks(WebhookOps, steps.Blocking):
    """Webhooks of a blocking client."""

    __slots__ = ()


class AsyncWebhooks(WebhookOps, steps.Awaiting):
    """Webhooks of an async client."""

    __slots__ = ()
