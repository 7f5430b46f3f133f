"""Migrate one database: `{"url": …, "to": "head"}` on standard input, exit code 0 when it is there.

On failure one JSON line says what the database said and its code for that, without statements and values.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError


def main() -> int:
    """Read the order, run it, answer."""
    order = json.load(sys.stdin)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["url"] = order["url"]
    state = None
    try:
        command.upgrade(config, order["to"])
    except psycopg.Error as error:
        said, state = error.diag.message_primary or str(error).partition("\n")[0], error.sqlstate
    except (CommandError, ValueError, OSError) as error:
        said = str(error)
    else:
        return 0
    sys.stdout.write(json.dumps({"error": f"{said}.", "sqlstate": state}) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
