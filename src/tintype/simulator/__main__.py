"""The simulator as a command of its own: `python -m tintype.simulator`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tintype.simulator.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; `--help` shows the rest."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's options."""
    made = _Parser(
        prog="python -m tintype.simulator",
        description="A stand-in for Replicate's API, for testing any app that talks to Replicate.",
    )
    add = made.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    add("--port", type=int, default=8901, help="port to listen on; 0 finds a free one (default: 8901)")
    add("--tls-cert", type=Path, metavar="FILE", help="certificate (PEM) for https; goes with --tls-key")
    add("--tls-key", type=Path, metavar="FILE", help="key (PEM) of the certificate")
    add("--tls", choices=["self-signed"], help="https with a certificate made on the spot")
    add("--public-url", metavar="URL", help="origin for URLs in answers (default: that of the request)")
    add(
        "--speed",
        type=float,
        default=1.0,
        metavar="N",
        help="divide every model's usual time; inf is instant",
    )
    add(
        "--limits",
        choices=["none", "replicate"],
        default="none",
        help="600 creates, 3,000 other calls a minute",
    )
    add("--data", type=Path, metavar="DIR", help="keep the state here across restarts (default: in memory)")
    add(
        "--credit", default="10000", metavar="USD", help="what every new account starts with (default: 10000)"
    )
    add("--no-echo-webhooks", action="store_true", help="leave webhook fields out of predictions")
    add("--seed", type=int, metavar="N", help="make ids and secrets the same in every run")
    add(
        "--stop-with-stdin",
        action="store_true",
        help="stop when standard input ends, as it does when the program that started it dies",
    )
    return made


def settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the options ask for. Raises ValueError naming what cannot be meant."""
    try:
        credit = Decimal(arguments.credit)
    except InvalidOperation as error:
        raise ValueError(f"credit is {arguments.credit!r}; it must be an amount in dollars") from error
    return Settings(
        host=arguments.host,
        port=arguments.port,
        public_url=arguments.public_url,
        tls_cert=arguments.tls_cert,
        tls_key=arguments.tls_key,
        tls_self_signed=arguments.tls == "self-signed",
        speed=arguments.speed,
        limits=arguments.limits,
        data=arguments.data,
        credit_usd=credit,
        echo_webhooks=not arguments.no_echo_webhooks,
        seed=arguments.seed,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator until it is told to stop; 2 where it cannot start."""
    made = parser()
    arguments = made.parse_args(argv)
    try:
        chosen = settings(arguments)
    except ValueError as error:
        made.error(str(error))
    # The server's modules are loaded only now, so that --help and a wrong option answer at once.
    from tintype.simulator import server  # noqa: PLC0415 - the reason stands above

    if arguments.stop_with_stdin:
        threading.Thread(target=_stop_with_stdin, daemon=True).start()
    try:
        server.serve(chosen)
    except server.CannotServe as error:
        sys.stderr.write(f"{made.prog}: {error}\n")
        return 2
    return 0


def _stop_with_stdin() -> None:
    # The bare descriptor: a thread that sleeps inside sys.stdin would hold its lock while the process ends.
    while os.read(0, 4096):
        pass
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
