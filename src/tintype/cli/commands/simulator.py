"""`tintype simulator`: run the stand-in for Replicate's API in the foreground."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from tintype.cli import exits

EXAMPLES = """\b
Examples:
  tintype simulator
  tintype simulator --port 0 --speed 10
  tintype simulator --tls self-signed --limits replicate --data state
"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Tls(StrEnum):
    """How https is served without files of one's own."""

    SELF_SIGNED = "self-signed"


class Limits(StrEnum):
    """How ordinary tokens are throttled."""

    NONE = "none"
    REPLICATE = "replicate"


@app.command(epilog=EXAMPLES)
def simulator(  # noqa: PLR0913 - each is an option of the command
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 finds a free one.")] = 8901,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate (PEM) for https.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Key (PEM) of the certificate.")
    ] = None,
    tls: Annotated[Tls | None, typer.Option(help="https with a certificate made on the spot.")] = None,
    public_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Origin for URLs in answers; else the request's own.")
    ] = None,
    speed: Annotated[
        float, typer.Option(metavar="N", help="Divide every model's usual time; inf is instant.")
    ] = 1.0,
    limits: Annotated[Limits, typer.Option(help="600 creates and 3,000 other calls a minute.")] = Limits.NONE,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the state here across restarts; else in memory.")
    ] = None,
    credit: Annotated[str, typer.Option(metavar="USD", help="What every new account starts with.")] = "10000",
    no_echo_webhooks: Annotated[
        bool, typer.Option("--no-echo-webhooks", help="Leave webhook fields out of predictions.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Make ids and secrets the same in every run.")
    ] = None,
) -> None:
    """Run a stand-in for Replicate's API on this machine until Ctrl-C.

    It prints a line "ready http://..." when it listens. Any token that begins with r8_ is an account.
    """
    from tintype.simulator import server  # noqa: PLC0415 - loaded when the options are right
    from tintype.simulator.settings import Settings  # noqa: PLC0415 - as above

    try:
        chosen = Settings(
            host=host,
            port=port,
            public_url=public_url,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_self_signed=tls is Tls.SELF_SIGNED,
            speed=speed,
            limits=limits.value,
            data=data,
            credit_usd=Decimal(credit),
            echo_webhooks=not no_echo_webhooks,
            seed=seed,
        )
    except InvalidOperation:
        raise exits.Refusal(f"credit is {credit!r}; it must be an amount in dollars") from None
    except ValueError as error:
        raise exits.Refusal(str(error)) from None
    try:
        server.serve(chosen)
    except server.CannotServe as error:
        raise exits.Refusal(str(error)) from None
