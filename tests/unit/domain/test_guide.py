"""The model registry of the guide that docs/how-to/choose-a-model.md names: its four models, as Replicate has them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tintype import catalogue
from tintype.domain import pricing

KNOWN = catalogue.load()


@pytest.mark.parametrize(
    ("alias", "slug", "name", "usd", "usual_s"),
    [
        ("imagen4Ultra", "google/imagen-4-ultra", "Imagen 4 Ultra", "0.06", 20),
        ("fluxProUltra", "black-forest-labs/flux-1.1-pro-ultra", "FLUX1.1 pro ultra", "0.06", 10),
        ("fluxSchnell", "black-forest-labs/flux-schnell", "FLUX.1 schnell", "0.003", 2),
        ("seeDream4", "bytedance/seedream-4", "Seedream 4", "0.03", 12),
    ],
)
def test_the_registry_has_the_guides_models(alias: str, slug: str, name: str, usd: str, usual_s: int) -> None:
    """Id, name, price of a picture and usual time, by the book; the id takes no version."""
    model = KNOWN.find(alias)

    assert (model.slug, model.name, int(model.usual_s)) == (slug, name, usual_s)
    assert pricing.estimate(model, {"prompt": ""}).expected_nano_usd == int(Decimal(usd) * 10**9)
    assert model.is_official


def test_default_parameters_are_those_that_the_models_have() -> None:
    """FLUX Schnell takes its four steps; none takes a guidance scale, and Imagen neither steps nor pixels."""
    schnell, imagen = KNOWN.find("flux_schnell"), KNOWN.find("imagen4_ultra")

    assert schnell.filled({})["num_inference_steps"] == 4
    assert not {"guidance_scale"} & {*schnell.inputs, *imagen.inputs}
    assert not {"width", "height", "num_inference_steps"} & imagen.inputs.keys()


def test_none_of_them_leaves_the_background_out_by_itself() -> None:
    """The guide says that all do; Replicate's models need the finishing step remove-background."""
    for alias in ("imagen4_ultra", "flux_pro_ultra", "flux_schnell", "seedream4"):
        assert not KNOWN.find(alias).is_transparent
