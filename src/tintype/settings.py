"""Where Tintype keeps its data and what it may do: arguments over the environment over a `.env`.

    settings.load()                        # TINTYPE_DATA, TINTYPE_DATABASE_URL, …
    settings.load(data=Path("/srv/tintype"))

The token and the upstream's address are resolved by the client's own rules: an address in a `.env` counts only
when the token is from there too. Passwords and tokens print masked.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tintype import folders
from tintype.domain import money
from tintype.domain.errors import ConfigurationError
from tintype.replicate import settings as replicate_settings

if TYPE_CHECKING:
    from tintype.replicate.tokens import Backend


class Settings(BaseSettings):
    """What can be set, each by `TINTYPE_` and its name in capitals.

    data: the folder of the embedded database and of stored files.
    database_url: a PostgreSQL to use in place of the embedded one.
    storage_url: where files are stored, `file://`, `s3://`, `gs://` or `az://`; a folder below `data` by default.
    public_url: where upstream reaches this server with its webhooks; none by default.
    allow_loopback_urls: whether URLs that users give may lead to this machine.
    creates_per_minute, calls_per_minute: how fast the upstream's account may be called, by all processes together.
    unknown_price_hold: dollars that are held and booked for a model without a known price; 0 refuses it.
    debug: whether the text of an unforeseen error is told to this machine.
    model_proof, model_standard, model_final: the models that these modes stand for; standard where nothing is said.
    """

    model_config = SettingsConfigDict(
        env_prefix="TINTYPE_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    data: Path = Field(default_factory=folders.platform_data)
    database_url: SecretStr | None = None
    storage_url: str | None = None
    public_url: str | None = None
    allow_loopback_urls: bool = False
    creates_per_minute: int = Field(default=600, ge=1, le=1_000_000)
    calls_per_minute: int = Field(default=3_000, ge=1, le=1_000_000)
    unknown_price_hold: Decimal = Field(default=Decimal(1), ge=0, le=1_000_000)
    debug: bool = False
    model_proof: str = "black-forest-labs/flux-schnell"
    model_standard: str = "black-forest-labs/flux-schnell"
    model_final: str = "black-forest-labs/flux-1.1-pro-ultra"

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("it is to be an address like https://tintype.example.com")
        return value.rstrip("/")

    @property
    def unknown_price_hold_nano_usd(self) -> int:
        """What is held for a model without a known price, in nano-dollars; 0 refuses it."""
        return money.from_usd(self.unknown_price_hold)

    def model_of(self, mode: str | None) -> str:
        """Return the model that a mode stands for: proof, standard or final."""
        return {"proof": self.model_proof, "final": self.model_final}.get(mode or "", self.model_standard)

    @property
    def storage(self) -> str:
        """Where files are stored, as a URL."""
        return self.storage_url or (self.data.absolute() / "files").as_uri()


def load(*, dotenv: Path | None = None, **given: Any) -> Settings:
    """Read the settings. `dotenv` is the file that counts below the environment, `.env` by default.

    Raises ConfigurationError naming each variable that is wrong.
    """
    # The file is an argument of the base class that type checkers do not see.
    make: Any = Settings
    try:
        made: Settings = make(_env_file=Path(".env") if dotenv is None else dotenv, **given)
    except ValidationError as fault:
        told = [
            f"TINTYPE_{'.'.join(str(part) for part in one['loc']).upper()}: {one['msg']}"
            for one in fault.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ConfigurationError("; ".join(told)) from None
    return made


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


__all__ = ["Settings", "load", "upstream"]
