"""What can be set, and where from: arguments over the environment over `.env` over `tintype.toml`.

    settings.load()                        # TINTYPE_DATA, TINTYPE_DATABASE_URL, …
    settings.load(data=Path("/srv/tintype"))

The token and the upstream's address are resolved by the client's own rules: an address in a file of the working folder
counts only when the token is from there too. Passwords and tokens print masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from tintype import folders
from tintype.domain import money
from tintype.domain.choosing import POOL, Mode
from tintype.domain.errors import ConfigurationError, InputError
from tintype.domain.profiles import BUILT_IN, Profile
from tintype.domain.rates import Rate
from tintype.replicate import settings as replicate_settings
from tintype.settings import values
from tintype.settings.layers import DEFAULT, Layers
from tintype.settings.values import Takes

if TYPE_CHECKING:
    from tintype.replicate.tokens import Backend

PREFIX = "TINTYPE_"
_A_MODEL = Takes("a model of the catalogue, or owner/name")


class Settings(BaseModel):
    """What can be set, each by `TINTYPE_` and its name in capitals, or by its name in `tintype.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    # Where things are.
    data: Annotated[
        Path,
        BeforeValidator(values.folder),
        Field(default_factory=folders.platform_data),
        Takes("a folder for the embedded database and stored files"),
    ]
    database_url: Annotated[
        SecretStr | None,
        BeforeValidator(values.database),
        Takes("a PostgreSQL to use in place of the embedded one, postgresql://user@host/name"),
    ] = None
    storage_url: Annotated[
        str | None,
        BeforeValidator(values.storage),
        Takes("file:///folder, s3://bucket/folder, gs://bucket/folder or az://account/container/folder"),
    ] = None
    public_url: Annotated[
        str | None,
        BeforeValidator(values.address),
        Takes("where upstream reaches this server, like https://tintype.example.com"),
    ] = None
    secrets_key: Annotated[
        SecretStr | None,
        BeforeValidator(values.secrets_key),
        Takes("32 bytes in base64, under which secrets are encrypted; made in the file storage if unset"),
    ] = None

    # What upstream's account allows, and what is bought.
    creates_per_minute: Annotated[
        int, Field(ge=1, le=1_000_000), Takes("how many creates, 1 to 1,000,000")
    ] = 600
    calls_per_minute: Annotated[
        int, Field(ge=1, le=1_000_000), Takes("how many other calls, 1 to 1,000,000")
    ] = 3_000
    unknown_price_hold: Annotated[
        Decimal,
        Field(ge=0, le=1_000_000),
        Takes("dollars, 0 to 1,000,000; 0 refuses models of unknown price"),
    ] = Decimal(1)
    prices: Annotated[
        dict[str, Any],
        BeforeValidator(values.prices),
        Takes("prices like NAME = 0.02 per image with semicolons between, or a TOML file of them"),
    ] = Field(default_factory=dict)
    cache_shared: Annotated[
        bool, Takes("1 lets equal requests of different keys and users share a result, else 0")
    ] = False
    model_proof: Annotated[str, BeforeValidator(values.model), _A_MODEL] = "black-forest-labs/flux-schnell"
    model_standard: Annotated[str, BeforeValidator(values.model), _A_MODEL] = "black-forest-labs/flux-schnell"
    model_final: Annotated[str, BeforeValidator(values.model), _A_MODEL] = (
        "black-forest-labs/flux-1.1-pro-ultra"
    )
    models_auto: Annotated[
        tuple[str, ...],
        BeforeValidator(values.models),
        Takes("models of the catalogue, with commas between, of equals the first"),
    ] = POOL
    explore_share: Annotated[
        float, Field(ge=0, le=1, allow_inf_nan=False), Takes("a share of choices, 0 to 1")
    ] = 0.05
    model_video: Annotated[str, BeforeValidator(values.model), _A_MODEL] = "wan-video/wan-2.2-i2v-fast"
    model_upscale: Annotated[str, BeforeValidator(values.model), _A_MODEL] = "daanelson/real-esrgan-a100"
    model_background: Annotated[str, BeforeValidator(values.model), _A_MODEL] = "cjwbw/rembg"
    openai_models: Annotated[
        dict[str, str],
        BeforeValidator(values.renamed),
        Takes(
            "models by OpenAI's names, like dall-e-3=black-forest-labs/flux-1.1-pro-ultra, with commas between"
        ),
    ] = Field(default_factory=dict)
    profile: Annotated[str, BeforeValidator(values.word), Takes("a profile's name, like print")] = "plain"
    profiles: Annotated[
        tuple[Profile, ...],
        BeforeValidator(values.profiles),
        Takes("profiles of your own, as tables [profiles.NAME] of tintype.toml or as one JSON object"),
    ] = ()
    blocked_words: Annotated[
        tuple[str, ...],
        BeforeValidator(values.texts),
        Takes("words and phrases that no prompt may hold, with commas between"),
    ] = ()
    webhook_secret: Annotated[
        SecretStr | None,
        BeforeValidator(values.webhook_secret),
        Takes("upstream's secret for its webhooks, whsec_…; it is asked for when nothing is said"),
    ] = None
    allow_loopback_urls: Annotated[bool, Takes("1 lets users' URLs lead to this machine, else 0")] = False
    pass_through: Annotated[
        bool, Takes("1 lets admin keys reach upstream's administration by /replicate, else 0")
    ] = False

    # How the server listens.
    host: Annotated[str, BeforeValidator(values.host), Takes("the address or name to listen on")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65_535), Takes("a port, 1 to 65535; 0 takes a free one")] = 8000
    workers: Annotated[int, Field(ge=1, le=64), Takes("how many processes answer requests, 1 to 64")] = 1
    tls_cert: Annotated[
        Path | None, BeforeValidator(values.file), Takes("a certificate's PEM file, together with tls_key")
    ] = None
    tls_key: Annotated[
        Path | None, BeforeValidator(values.file), Takes("a key's PEM file, together with tls_cert")
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        BeforeValidator(values.networks),
        Takes("addresses or networks of reverse proxies, with commas between"),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...],
        BeforeValidator(values.origins),
        Takes("origins of pages that may call, like https://app.example.com, with commas between, or *"),
    ] = ()

    # What a request may take.
    request_timeout_s: Annotated[
        float, Field(ge=1, le=3_600, allow_inf_nan=False), Takes("seconds, 1 to 3,600")
    ] = 300.0
    body_max_mb: Annotated[
        float, Field(gt=0, le=1_000, allow_inf_nan=False), Takes("megabytes (1024 × 1024 bytes), up to 1,000")
    ] = 10.0
    address_rate: Annotated[
        Rate | None,
        BeforeValidator(values.rate),
        Takes("pictures per address without a key, like 10/minute (second, minute, hour, day), or off"),
    ] = Rate(10, 60)
    wrong_key_rate: Annotated[
        Rate | None,
        BeforeValidator(values.rate),
        Takes("wrong API keys per address, like 30/minute (second, minute, hour, day), or off"),
    ] = Rate(30, 60)
    shutdown_s: Annotated[
        float, Field(gt=0, lt=10, allow_inf_nan=False), Takes("seconds that a stop may take, under 10")
    ] = 8.0

    # What is told.
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(values.word),
        Takes("debug, info, warning or error"),
    ] = "info"
    log_json: Annotated[
        bool | None, Takes("1 for JSON lines, 0 for a person's eyes; by the terminal if unset")
    ] = None
    log_prompts: Annotated[
        Literal["cut", "full", "off"],
        BeforeValidator(values.word),
        Takes("cut (at 50 characters), full or off"),
    ] = "cut"
    metrics_address: Annotated[
        tuple[str, int] | None,
        BeforeValidator(values.listening),
        Takes("where `tintype worker` serves its metrics, a port or host:port"),
    ] = None
    debug: Annotated[bool, Takes("1 shows faults in answers, on loopback only, else 0")] = False

    @model_validator(mode="after")
    def _is_whole(self) -> Settings:
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise ValueError(f"{PREFIX}TLS_CERT and {PREFIX}TLS_KEY are given together, or neither")
        if self.profile not in {one.name for one in (*BUILT_IN, *self.profiles)}:
            raise ValueError(
                f"{PREFIX}PROFILE names no profile; there are those of {PREFIX}PROFILES and the built-in"
            )
        return self

    @property
    def unknown_price_hold_nano_usd(self) -> int:
        """What is held for a model without a known price, in nano-dollars; 0 refuses it."""
        return money.from_usd(self.unknown_price_hold)

    def model_of(self, mode: Mode | None) -> str:
        """Return the model that a mode stands for; without one, that of `standard`.

        Raises InputError for `auto`, which stands for none.
        """
        if mode is Mode.AUTO:
            raise InputError("the mode auto stands for no model; it is chosen for each request")
        models = {Mode.PROOF: self.model_proof, Mode.FINAL: self.model_final}
        return models.get(mode or Mode.STANDARD, self.model_standard)

    @property
    def storage(self) -> str:
        """Where files are stored, as a URL."""
        return self.storage_url or (self.data.absolute() / "files").as_uri()

    @property
    def body_max_bytes(self) -> int:
        """The most that a request's body may hold."""
        return int(self.body_max_mb * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with the layer that each came from, by field: argument, environment, .env, tintype.toml or default.

    `unknown` are sentences on variables that look like settings and are none.
    """

    settings: Settings
    sources: dict[str, str]
    unknown: tuple[str, ...] = ()


def load(*, dotenv: Path | None = None, config: Path | None = None, **given: Any) -> Settings:
    """Read the settings. `dotenv` and `config` are the files that count below the environment.

    Raises ConfigurationError naming each one that is wrong and what it takes.
    """
    return load_with_sources(dotenv=dotenv, config=config, **given).settings


def load_with_sources(*, dotenv: Path | None = None, config: Path | None = None, **given: Any) -> Loaded:
    """Read the settings, and where each is from. Raises as `load`."""
    layers = Layers.read(
        given, names=tuple(Settings.model_fields), prefix=PREFIX, dotenv=dotenv, config=config
    )
    faults = list(layers.faults)
    try:
        made = Settings.model_validate(layers.values())
    except ValidationError as fault:
        faults += _told(fault, layers)
    if faults:
        raise ConfigurationError("; ".join(faults))
    return Loaded(made, {name: layers.source(name) for name in Settings.model_fields}, layers.unknown)


def takes(name: str) -> str:
    """Return what a setting takes, as a phrase."""
    return next(one.what for one in Settings.model_fields[name].metadata if isinstance(one, Takes))


def upstream(
    settings: Settings,
    token: str | None = None,
    *,
    base_url: str | None = None,
    folder: Path | None = None,
    keyring: Backend | None = None,
) -> replicate_settings.Upstream:
    """Find the upstream and the token for these settings.

    Raises ConfigurationError without a token, and for a public URL that webhooks must not travel to.
    """
    found = replicate_settings.resolve(token, base_url=base_url, folder=folder, keyring=keyring)
    if settings.public_url is not None:
        is_local = replicate_settings.is_loopback(found.host)
        if urlsplit(settings.public_url).scheme != "https" and not is_local:
            raise ConfigurationError(
                "TINTYPE_PUBLIC_URL is not https, so upstream's webhooks would travel open; "
                "give it an https address, or leave it out: work is followed without webhooks too"
            )
    return found


def _told(fault: ValidationError, layers: Layers) -> list[str]:
    """Name each setting that is wrong, never its value, which may be a secret."""
    told = []
    for one in fault.errors(include_url=False, include_input=False, include_context=False):
        if not one["loc"]:
            told.append(one["msg"].removeprefix("Value error, "))
            continue
        name = str(one["loc"][0])
        source = layers.source(name)
        # Prices are no secret, and there may be many.
        which = f": {one['msg'].removeprefix('Value error, ')}" if name == "prices" else ""
        told.append(
            f"{PREFIX}{name.upper()}{f' ({source})' if source != DEFAULT else ''} takes {takes(name)}{which}"
        )
    return list(dict.fromkeys(told))


__all__ = ["PREFIX", "Loaded", "Settings", "load", "load_with_sources", "takes", "upstream"]
