"""Settle what a prediction costs when it ends."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tintype.simulator import lifecycle, making, prices

if TYPE_CHECKING:
    from tintype.simulator.making import Making
    from tintype.simulator.records import Prediction
    from tintype.simulator.world import World


def settle(world: World, prediction: Prediction) -> None:
    """Write the metrics of a prediction that has ended, and take its cost from its account's credit."""
    model = world.models[prediction.runs]
    values = json.loads(prediction.input)
    plan = making.plan(model, values, world.outputs.seed(prediction.id), world.intake.source(prediction))
    count = lifecycle.delivered(prediction, prediction.ends_s)
    predict_time_s = round(lifecycle.predict_time_s(prediction), 6)
    prediction.metrics = json.dumps(_metrics(prediction, plan, count, predict_time_s)).encode()
    prediction.cost_nano_usd = prices.charge(
        model,
        values,
        plan,
        prediction.outcome,
        count,
        Decimal(str(predict_time_s)),
        deployed_on=None if prediction.hardware is None else world.hardware.get(prediction.hardware),
    )
    if prediction.cost_nano_usd:
        account = world.accounts.by_token(prediction.account)
        account.credit_nano_usd -= prediction.cost_nano_usd
        world.accounts.save(account)


def _metrics(prediction: Prediction, plan: Making, count: int, predict_time_s: float) -> dict[str, Any]:
    """Return what upstream's metrics say: times always, and what was made by its kind."""
    metrics: dict[str, Any] = {"total_time": round(prediction.ends_s - prediction.created_s, 6)}
    if lifecycle.has_started(prediction, prediction.ends_s):
        metrics["predict_time"] = predict_time_s
    if not count:
        return metrics
    if plan.act == "write":
        metrics["input_token_count"] = plan.tokens_in
        metrics["output_token_count"] = count
        metrics["time_to_first_token"] = round(prediction.run_s / prediction.count, 6)
        if predict_time_s > 0:
            metrics["tokens_per_second"] = round(count / predict_time_s, 3)
    elif plan.seconds:
        metrics["video_output_duration_seconds"] = float(plan.seconds * count)
    else:
        metrics["image_count"] = count
    return metrics
