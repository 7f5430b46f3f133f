"""Every operation of the API through both clients, at the simulator."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from operator import methodcaller
from typing import TYPE_CHECKING

import pytest

from tintype.domain import errors
from tintype.replicate.results import Prediction

if TYPE_CHECKING:
    from tests.integration.client.conftest import Asked
    from tintype.testing import Simulator

FLUX = "black-forest-labs/flux-schnell"
COMMUNITY = "851-labs/background-remover"


def test_a_run_gives_outputs_and_is_billed_once(both: Asked, simulator: Simulator) -> None:
    outputs = both.ask(lambda client: client.run(FLUX, {"prompt": "a", "num_outputs": 2}))

    assert [one.index for one in outputs] == [0, 1]
    assert simulator.bills()["predictions"] == 1


def test_predictions_are_created_looked_at_listed_and_cancelled(both: Asked) -> None:
    made = both.ask(lambda client: client.predictions.create(FLUX, {"prompt": "a [[stuck]]"}))
    seen = both.ask(lambda client: client.predictions.get(made.id))
    listed = both.ask(lambda client: client.predictions.list())
    ended = both.ask(lambda client: client.predictions.cancel(made.id))
    again = both.ask(lambda client: client.predictions.cancel(made.id))

    assert isinstance(made, Prediction)
    assert (seen.id, seen.input) == (made.id, {"prompt": "a [[stuck]]"})
    assert [one.id for one in listed.results] == [made.id]
    assert ended.status in {"canceled", "aborted"}
    assert again.status == ended.status


def test_iterating_reads_every_page_and_respects_the_times(both: Asked) -> None:
    ids = [both.ask(lambda client: client.predictions.create(FLUX, {"prompt": "a"})).id for _ in range(103)]
    now = datetime.now(UTC)

    found = both.ask(lambda client: client.predictions.iterate())
    none = both.ask(lambda client: client.predictions.iterate(created_after=now + timedelta(hours=1)))
    first = both.ask(lambda client: client.predictions.list())
    second = both.ask(lambda client: client.predictions.list(cursor=first.next))

    assert [one.id for one in found] == ids[::-1]
    assert none == []
    assert (len(first.results), len(second.results)) == (100, 3)


def test_a_community_model_is_run_by_name_version_or_both(both: Asked) -> None:
    model = both.ask(lambda client: client.models.get(COMMUNITY))
    version = model.latest_version.id
    given = {"image": "https://example.com/a.png"}

    for ref in (COMMUNITY, version, f"{COMMUNITY}:{version}"):
        (output,) = both.ask(methodcaller("run", ref, given))
        assert output.url


def test_models_versions_and_collections_are_read(both: Asked) -> None:
    model = both.ask(lambda client: client.models.get(FLUX))
    versions = both.ask(lambda client: client.versions.iterate(COMMUNITY))
    version = both.ask(lambda client: client.versions.get(COMMUNITY, versions[0].id))
    collections = both.ask(lambda client: client.collections.iterate())
    collection = both.ask(lambda client: client.collections.get(collections[0].slug))

    assert model.ref == FLUX
    assert "openapi" in version.openapi_schema
    assert collection.models
    assert len(both.ask(lambda client: client.models.list(sort_by="model_created_at")).results) == 25
    assert both.ask(lambda client: client.models.search("flux")).results
    assert both.ask(lambda client: client.search("flux", limit=3)).models
    assert both.ask(lambda client: client.models.readme(FLUX)).startswith("#")
    assert both.ask(lambda client: client.models.examples(FLUX)).results


def test_models_are_made_changed_and_deleted(both: Asked) -> None:
    owner = both.ask(lambda client: client.account.get()).username
    made = both.ask(lambda client: client.models.create(owner, "mine", visibility="private", hardware="cpu"))
    changed = both.ask(lambda client: client.models.update(made.ref, description="new"))
    both.ask(lambda client: client.models.delete(made.ref))

    assert changed.description == "new"
    with pytest.raises(errors.NotFound):
        both.ask(lambda client: client.models.get(made.ref))


def test_deployments_are_made_changed_run_and_deleted(both: Asked, simulator: Simulator) -> None:
    version = both.ask(lambda client: client.models.get(COMMUNITY)).latest_version.id
    made = both.ask(
        lambda client: client.deployments.create(
            "mine", model=COMMUNITY, version=version, hardware="gpu-t4", min_instances=0, max_instances=1
        )
    )
    ref = f"{made.owner}/{made.name}"
    changed = both.ask(lambda client: client.deployments.update(ref, max_instances=2))
    image = {"image": "https://example.com/a.png"}
    ran = both.ask(lambda client: client.predictions.create(deployment=ref, input=image, wait_s=5))
    simulator.advance(3600)
    both.ask(lambda client: client.deployments.delete(ref))

    assert changed.current_release["number"] == made.current_release["number"] + 1
    assert ran.deployment == ref
    assert both.ask(lambda client: client.deployments.iterate()) == []


def test_trainings_are_started_looked_at_and_cancelled(both: Asked) -> None:
    owner = both.ask(lambda client: client.account.get()).username
    both.ask(lambda client: client.models.create(owner, "trained", visibility="private", hardware="cpu"))
    version = both.ask(lambda client: client.models.get(COMMUNITY)).latest_version.id
    made = both.ask(
        lambda client: client.trainings.create(
            COMMUNITY, version, destination=f"{owner}/trained", input={"steps": 1}
        )
    )

    assert both.ask(lambda client: client.trainings.get(made.id)).id == made.id
    assert [one.id for one in both.ask(lambda client: client.trainings.iterate())] == [made.id]
    assert both.ask(lambda client: client.trainings.cancel(made.id)).id == made.id


def test_files_are_uploaded_listed_and_deleted(both: Asked) -> None:
    made = both.ask(
        lambda client: client.files.create(io.BytesIO(b"hello"), name="a.txt", metadata={"of": "me"})
    )

    assert (made.name, made.size, made.metadata) == ("a.txt", 5, {"of": "me"})
    assert made.url
    assert both.ask(lambda client: client.files.get(made.id)).checksums == made.checksums
    assert [one.id for one in both.ask(lambda client: client.files.iterate())] == [made.id]
    both.ask(lambda client: client.files.delete(made.id))
    assert both.ask(lambda client: client.files.list()).results == []


def test_account_hardware_and_webhook_secret_are_told(both: Asked) -> None:
    assert both.ask(lambda client: client.account.get()).type == "user"
    assert {"cpu", "gpu-t4"} <= {one.sku for one in both.ask(lambda client: client.hardware.list())}
    secret = both.ask(lambda client: client.webhooks.secret())
    assert secret.key.startswith("whsec_")
    assert secret.key not in repr(secret)


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("nonsense", errors.AuthenticationError),
        ("r8_broke", errors.PaymentError),
        ("r8_limited", errors.RateLimited),
    ],
)
def test_tokens_that_may_not_create_get_their_error(
    make: object, simulator: Simulator, token: str, kind: type[errors.UpstreamError]
) -> None:
    asked = make(simulator.url, token)  # type: ignore[operator] # a fixture that builds clients

    with pytest.raises(kind) as caught:
        asked.ask(lambda client: client.predictions.create(FLUX, {"prompt": "a"}, deadline_s=0.2))

    assert caught.value.status in {401, 402, 429}
    assert simulator.bills()["predictions"] == 0


def test_input_that_upstream_refuses_names_its_fields(both: Asked) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        both.ask(lambda client: client.run(FLUX, {"prompt": "a", "num_outputs": 9}))

    assert [one.field for one in caught.value.fields] == ["input.num_outputs"]


def test_what_is_not_there_is_not_found(both: Asked) -> None:
    for question in (
        lambda client: client.run("nobody/nothing", {}),
        lambda client: client.predictions.get("a" * 26),
        lambda client: client.models.get("nobody/nothing"),
        lambda client: client.files.get("x"),
    ):
        with pytest.raises(errors.NotFound):
            both.ask(question)
