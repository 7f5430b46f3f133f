"""What is offered for running Tintype: every metric, setting and command that it names is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit import seen
from tintype.cli.app import COMMANDS
from tintype.replicate import config, tokens
from tintype.replicate import settings as replicate_settings
from tintype.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
ALERTS: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"][0][
    "rules"
]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/tintype.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = {
    **{rule["alert"]: [rule["expr"]] for rule in ALERTS},
    **{panel["title"]: [target["expr"] for target in panel["targets"]] for panel in PANELS},
}
SAMPLES = seen.labels()


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_metric_and_label_that_is_asked_for_exists(where: str) -> None:
    """A dashboard that asks for a name that nobody tells shows nothing, and says nothing."""
    for expression in EXPRESSIONS[where]:
        names = re.findall(r"\b(?:replicate|tintype)_\w+", expression)
        asked = {
            label
            for inside in re.findall(r"\{([^}]*)\}", expression)
            for label in re.findall(r"(\w+)\s*[=!]~?", inside)
        }
        asked |= {
            label
            for inside in re.findall(r"\bby \(([^)]*)\)", expression)
            for label in re.findall(r"\w+", inside)
        }

        assert names
        assert set(names) <= SAMPLES.keys()
        assert asked <= frozenset().union(*(SAMPLES[name] for name in names))


def test_the_dashboard_shows_every_metric() -> None:
    """One that is not worth a panel is not worth its memory."""
    text = json.dumps(DASHBOARD)

    assert [name for name in seen.families() if name not in text] == []


def test_legends_name_labels_that_their_expressions_keep() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            kept = {
                label
                for inside in re.findall(r"\bby \(([^)]*)\)", target["expr"])
                for label in re.findall(r"\w+", inside)
            }
            assert named <= kept, panel["title"]


def test_alerts_say_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in ALERTS]

    assert len(names) == len(set(names))
    for rule in ALERTS:
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@pytest.mark.parametrize(
    "name",
    [
        "docker/Dockerfile",
        "docker/compose.yaml",
        "systemd/tintype.service",
        "systemd/tintype-worker@.service",
        "prometheus/prometheus.yml",
        "prometheus/alerts.yml",
    ],
)
def test_every_setting_and_command_that_is_named_exists(name: str) -> None:
    text = (DEPLOY / name).read_text()
    known = {f"TINTYPE_{field}".upper() for field in Settings.model_fields}
    known |= {replicate_settings.URL_NAME, config.NAME, *tokens.NAMES}

    assert set(re.findall(r"\b(?:TINTYPE|REPLICATE)_[A-Z_]+", text)) <= known
    assert set(re.findall(r"(?:^ExecStart=\S*/|: )tintype ([a-z]+)", text, re.MULTILINE)) <= COMMANDS.keys()


def test_the_containers_commands_exist() -> None:
    compose = yaml.safe_load((DEPLOY / "docker/compose.yaml").read_text())
    commands = [service["command"][0] for service in compose["services"].values() if "command" in service]

    assert set(commands) <= COMMANDS.keys()
    assert json.loads(
        re.findall(r"^CMD (.*)$", (DEPLOY / "docker/Dockerfile").read_text(), re.MULTILINE)[0]
    ) == ["serve"]
