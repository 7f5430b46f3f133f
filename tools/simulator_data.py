"""Write the simulator's data files from a reference of model facts and the facts stated beside this script.

    python tools/simulator_data.py REFERENCE_MODELS.json [--out src/tintype/simulator/data]

The reference holds input names, types, defaults, ranges, enumerations, output shapes and known prices. What
it does not hold is in `tools/simulator_facts/`: kinds, size rules, times, further prices, collections.
Everything that is assumed says so in the output. The same inputs always give the same files.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import simulator_prices
import simulator_words

Facts = dict[str, Any]

HERE = Path(__file__).parent / "simulator_facts"

# Names of inputs that hold a file: what a model works on, most telling first, and what merely goes along.
SOURCES = (
    "video", "input_video", "video_url", "image", "input_image", "start_image", "first_frame_image",
    "first_frame", "img", "image_path", "img_cond_path", "org_image", "control_image", "redux_image",
    "face_image", "subject", "style_image", "image_input", "input_images", "images", "image_prompt",
    "image_url", "input_reference", "reference_images", "init_video", "reference_video", "first_clip",
    "reference_videos",
)  # fmt: skip
COMPANIONS = (
    "mask", "mask_image", "end_image", "last_image", "last_frame", "last_frame_image", "subject_reference",
    "input_image2", "input_image3", "input_image4", "image_reference", "style_reference",
    "character_reference", "reference_image", "audio", "audio_file", "image_to_become", "videos",
    "style_reference_images", "pose_image", "ip_image", "structure_image", "image_reference_url",
    "style_reference_url", "character_reference_url", "reference_audios",
)  # fmt: skip
COUNTS = ("num_outputs", "number_of_images", "image_num", "number_of_outputs")
TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
FIRST = ("prompt", *SOURCES, *COMPANIONS)


def main() -> None:
    """Read the reference, write models.json, collections.json and hardware.json, and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reference", type=Path, help="file with the facts of the models")
    parser.add_argument("--out", type=Path, default=Path("src/tintype/simulator/data"))
    arguments = parser.parse_args()
    if not arguments.reference.is_file():
        sys.exit(f"{arguments.reference} is not a file; give the path of the reference models file")

    reference = _read(arguments.reference)["models"]
    stated, sizes, money = (_read(HERE / name) for name in ("models.json", "sizes.json", "prices.json"))
    records = {
        slug: record
        for slug, facts in reference.items()
        if (record := _from_reference(slug, facts, stated)) is not None
    }
    for slug, facts in stated["added"].items():
        if facts.get("like", slug) not in {*records, slug}:
            sys.exit(
                f"{slug} is stated to be like {facts['like']}, which {arguments.reference} does not hold"
            )
        records[slug] = _added(facts, records)
    models = {slug: _complete(slug, records[slug], stated, sizes, money) for slug in sorted(records)}

    arguments.out.mkdir(parents=True, exist_ok=True)
    _write_models(arguments.out / "models.json", models, sizes)
    collections = [_collection(facts, models) for facts in _read(HERE / "collections.json")["collections"]]
    _write(arguments.out / "collections.json", {"collections": collections})
    machines = money["hardware"]
    _write(
        arguments.out / "hardware.json",
        {"source": machines["source"], "date": machines["date"], "hardware": machines["list"]},
    )
    kinds = sorted({model["kind"] for model in models.values()})
    print(f"{len(models)} models ({', '.join(kinds)}), {len(collections)} collections")


def _from_reference(slug: str, facts: Facts, stated: Facts) -> Facts | None:
    """Return kind, medium, inputs, requirements and output of a model, None for what makes no media."""
    media = facts.get("media") or [facts.get("kind") or "image"]
    medium = {"svg": "vector", "str": "text"}.get(media[0], media[0])
    if medium == "text" and slug not in stated["text_models"]:
        return None
    if medium not in {"image", "video", "vector", "text"}:
        return None
    kind = next((kind for kind, slugs in stated["kinds"].items() if slug in slugs), medium)
    if kind == "vector":
        medium = "vector"
    inferred: list[str] = []
    inputs = {name: _input(name, field, inferred) for name, field in facts["input"].items()}
    for name, field in stated["inputs"].get(slug, {}).items():
        if name not in inputs:
            inputs[name] = field
            inferred.append(f"{name} is stated in the API notes")
    required = (
        list(facts["required"]) if "required" in facts else _required(slug, kind, inputs, stated, inferred)
    )
    required = [name for name in required if name not in stated["not_required"].get(slug, [])]
    order = {name: field["order"] for name, field in facts["input"].items() if field.get("order") is not None}
    last = len(FIRST) + len(inputs)
    names = sorted(
        inputs, key=lambda name: (order.get(name, last), FIRST.index(name) if name in FIRST else last)
    )
    date = re.search(r"\((\d{4}-\d\d-\d\d)\)", facts["source"])
    return {
        "kind": kind,
        "medium": medium,
        "official": facts["official"],
        "inputs": {name: _settled(name, inputs[name], required) for name in names},
        "required": required,
        "output": _output(slug, facts, medium, inputs, stated),
        "version_seen": facts.get("version_seen"),
        "source": facts["source"].split(";")[0],
        "date": date[1] if date else "2026-02-07",
        "inferred": inferred,
        "price": simulator_prices.referenced(facts, kind, inputs),
    }


def _added(facts: Facts, records: dict[str, Facts]) -> Facts:
    """Return a model that the reference does not hold, perhaps with the inputs of a like one."""
    base = copy.deepcopy(records[facts["like"]]) if "like" in facts else {}
    kind = facts.get("kind", base.get("kind"))
    return {
        "medium": kind if kind in {"video", "vector"} else "image",
        **base,
        "source": "tables of the API notes",
        "date": "2026-11-20",
        "inferred": ["inputs that the API notes do not name are assumed"],
        "version_seen": None,
        "price": None,
        **{key: value for key, value in facts.items() if key != "like"},
    }


def _input(name: str, field: Facts, inferred: list[str]) -> Facts:
    """Return an input as a JSON type with what is known of it."""
    kind = {"enum": _choice_type(field), "dict": "object"}.get(field["type"], field["type"])
    if field["type"] == "enum" and all(isinstance(choice, int) for choice in field["enum"]):
        kind = "integer"
    found: Facts = {"type": kind}
    for key in ("format", "enum", "minimum", "maximum"):
        if field.get(key) is not None:
            found[key] = field[key]
    if kind == "array":
        found["items"] = field.get("items") or _items(name)
    if kind == "string" and "format" not in found and name in {*SOURCES, *COMPANIONS} and "enum" not in found:
        found["format"] = "uri"
        inferred.append(f"{name} holds a file by its name")
    if name.endswith(("_api_token", "_api_key", "hf_token")):
        found["format"] = "password"
    if field.get("nullable"):
        found["nullable"] = True
    if "default" in field and not (field["default"] is None and not field.get("nullable")):
        found["default"] = field["default"]
    if found.get("default", 0) is None:
        del found["default"]
    return found


def _choice_type(field: Facts) -> str:
    return "integer" if all(isinstance(choice, int) for choice in field.get("enum", [""])) else "string"


def _items(name: str) -> Facts:
    if name in {*SOURCES, *COMPANIONS}:
        return {"type": "string", "format": "uri"}
    if name in {"canvas_size", "original_image_size", "original_image_location"}:
        return {"type": "integer"}
    return {"type": "object"} if name in {"messages", "tools", "input_item_list"} else {"type": "string"}


def _required(slug: str, kind: str, inputs: Facts, stated: Facts, inferred: list[str]) -> list[str]:
    """Infer what has to be given where the reference does not say: the prompt, and what a model works on."""
    if slug in stated["required"]:
        inferred.append("required inputs are stated by hand")
        return list(stated["required"][slug])
    required = []
    prompt = inputs.get("prompt")
    if prompt is not None and "default" not in prompt and slug not in stated["prompt_optional"]:
        required.append("prompt")
        inferred.append("prompt is required: it has no default")
    if kind in {"edit", "upscale", "background"}:
        name = next((name for name in SOURCES if name in inputs), None)
        if name is not None:
            required.append(name)
            inferred.append(f"{name} is required: it is what the model works on")
    return required


def _settled(name: str, field: Facts, required: list[str]) -> Facts:
    if name in required:
        return {key: value for key, value in field.items() if key not in {"nullable", "default"}}
    return field


def _output(slug: str, facts: Facts, medium: str, inputs: Facts, stated: Facts) -> str:
    if medium == "text":
        return "text"
    if facts.get("output", {}).get("type") == "array" or facts.get("output_shape") == "array<uri>":
        return "uris"
    if facts.get("output") or facts.get("output_shape") or medium == "video":
        return "uri"
    several = any(name in inputs for name in COUNTS) or slug in stated["arrays"]
    return "uris" if several else "uri"


def _complete(slug: str, record: Facts, stated: Facts, sizes: Facts, money: Facts) -> Facts:
    """Add size rule, making, price, times, hardware, version and words, in the order of the file."""
    kind, medium, inputs = record["kind"], record["medium"], record["inputs"]
    for name, most in stated["items_max"].get(slug, {}).items():
        inputs[name]["items_max"] = most
    sources = [name for name in SOURCES if name in inputs and _holds_file(inputs[name])]
    times, cold, machines = money["usual_s"], money["cold_s"], money["hardware_of"]
    hardware = machines["models"].get(slug) or (
        machines["official"] if record["official"] else machines["kinds"][kind]
    )
    price = simulator_prices.chosen(slug, record, hardware, money)
    usual_s = (
        times["models"].get(slug) or times["film" if medium == "video" and kind != "video" else "kinds"][kind]
    )
    derived = hashlib.sha256(f"{slug}@{stated['date']}".encode()).hexdigest()
    done: Facts = {
        "kind": kind, "medium": medium, "official": record["official"], "output": record["output"],
        "description": simulator_words.description(slug, record, sources),
        "version_id": record["version_seen"] or derived,
        "version_source": "seen" if record["version_seen"] else "derived from name and date",
        "cog_version": "0.16.8", "created_at": simulator_words.created_at(slug),
        "run_count": simulator_words.run_count(slug, is_official=record["official"]),
        "hardware": hardware, "usual_s": usual_s,
        "cold_s": 0 if record["official"] else cold["hardware"][hardware],
        "times_source": f"{times['source']}, {times['date']}",
        "price": price,
    }  # fmt: skip
    done["readme"] = simulator_words.readme(slug, done["description"], inputs, record["required"])
    if sources:
        done["sources"] = sources
    if medium != "text":
        done["size"] = record.get("size") or stated["size"].get(slug) or _size(kind, medium, inputs)
        if done["size"] not in sizes["sizes"]:
            sys.exit(f"{slug}: no size rule is called {done['size']}")
    done["makes"] = _makes(kind, medium, inputs) | record.get("makes", {}) | stated["makes"].get(slug, {})
    done |= {"inputs_source": record["source"], "inputs_date": record["date"], "inferred": record["inferred"]}
    return done | {"required": record["required"], "inputs": inputs}


def _holds_file(field: Facts) -> bool:
    return "uri" in {field.get("format"), field.get("items", {}).get("format")}


def _size(kind: str, medium: str, inputs: Facts) -> str:
    """Choose the size rule of a model that none is stated for, by the inputs that it has."""
    if medium == "video":
        if "enum" in inputs.get("quality", {}):
            return "film_quality_source_first"
        return "film_lines_source_first" if "enum" in inputs.get("resolution", {}) else "film_720"
    if "pixel" in inputs or "size" in inputs:
        return "seedream" if "2K" in inputs.get("size", {}).get("enum", ()) else "pair_or_ratio"
    if "enum" in inputs.get("resolution", {}) and "None" in inputs["resolution"]["enum"]:
        return "ideogram"
    if "megapixels" in inputs and "enum" in inputs["megapixels"]:
        return "flux"
    if kind in {"edit", "upscale", "background"} and "width" not in inputs:
        return "around_source" if "aspect_ratio" in inputs else "source"
    return "sides" if "width" in inputs else "around_source"


def _makes(kind: str, medium: str, inputs: Facts) -> Facts:
    """Say which inputs decide about format, number, length, frames and sound, with what holds otherwise."""
    if medium == "text":
        return {
            "format": "text",
            "tokens_field": next(name for name in TOKENS if name in inputs),
            "tokens": 512,
        }
    if medium == "vector":
        return {"format": "svg"}
    return _film_makes(inputs) if medium == "video" else _picture_makes(kind, inputs)


def _film_makes(inputs: Facts) -> Facts:
    makes: Facts = {"format": "mp4", "seconds": "5", "fps": 24}
    if "duration" in inputs:
        makes |= {"seconds_field": "duration", "seconds": str(inputs["duration"].get("default", 5))}
    if "fps" in inputs:
        makes["fps_field"] = "fps"
    if "generate_audio" in inputs:
        makes["audio_field"] = "generate_audio"
    return makes


def _picture_makes(kind: str, inputs: Facts) -> Facts:
    makes: Facts = {}
    field = next((name for name in ("output_format", "format") if name in inputs), None)
    makes["format"] = "jpg" if kind == "upscale" and field else "png"
    if field:
        makes |= {"format": _format(inputs[field]["default"]), "format_field": field}
    if "output_quality" in inputs:
        makes["quality"] = "output_quality"
    count = [name for name in COUNTS if name in inputs]
    if count:
        makes["count"] = count[:1]
    if kind == "background":
        makes["transparent"] = True
    return makes


def _format(value: str) -> str:
    return {"jpeg": "jpg"}.get(value, value)


def _collection(facts: Facts, models: dict[str, Facts]) -> Facts:
    first = [slug for slug in facts.get("models", []) if slug in models]
    others = [
        slug for slug, model in models.items() if slug not in first and _belongs(slug, model, facts["of"])
    ]
    return {
        "slug": facts["slug"],
        "name": facts["name"],
        "description": facts["description"],
        "full_description": f"# {facts['name']}\n\n{facts['description']}.",
        "models": first + others,
    }


def _belongs(slug: str, model: Facts, of: Facts) -> bool:
    sources = set(model.get("sources", ()))
    must = bool(sources & set(model["required"]))
    return (
        ("official" not in of or model["official"] == of["official"])
        and ("kinds" not in of or model["kind"] in of["kinds"])
        and ("mediums" not in of or model["medium"] in of["mediums"])
        and of.get("name_has", "") in slug
        and (of.get("source") != "optional" or not must)
        and (of.get("source") != "taken" or bool(sources))
    )


def _write_models(path: Path, models: dict[str, Facts], sizes: Facts) -> None:
    """Write one model per block, one input per line, so that a change shows as the line it is."""
    blocks = []
    for slug, model in models.items():
        lines = [f"      {_line(key)}: {_line(value)}" for key, value in model.items() if key != "inputs"]
        inputs = [f"        {_line(name)}: {_line(field)}" for name, field in model["inputs"].items()]
        lines.append('      "inputs": {\n' + ",\n".join(inputs) + "\n      }")
        blocks.append(f"    {_line(slug)}: {{\n" + ",\n".join(lines) + "\n    }")
    tables = {name: table["sizes"] for name, table in sizes["tables"].items()}
    rules = [f"    {_line(name)}: {_line(rule)}" for name, rule in sizes["sizes"].items()]
    text = (
        '{\n  "tables": {\n'
        + ",\n".join(f"    {_line(name)}: {_line(table)}" for name, table in tables.items())
        + '\n  },\n  "sizes": {\n'
        + ",\n".join(rules)
        + '\n  },\n  "models": {\n'
        + ",\n".join(blocks)
        + "\n  }\n}\n"
    )
    json.loads(text)
    path.write_text(text, encoding="utf-8")


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, document: Facts) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _read(path: Path) -> Facts:
    document: Facts = json.loads(path.read_text(encoding="utf-8"))
    return document


if __name__ == "__main__":
    main()
