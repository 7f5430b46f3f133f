"""Make the environments that the Makefile's targets run in: `.venv`, and those that tests and benches compare it with.

    python3 tools/environment.py venv     .venv from requirements/dev.lock
    python3 tools/environment.py others   the light client (.environments/light) and the official SDKs
                                          (.environments/sdk/{python-1,python-2,openai,js}), from locks of their own
    python3 tools/environment.py peers    what only benches need: the proxy of LiteLLM (.environments/peers/litellm),
                                          and wrk and nginx from Debian's packages where root may install them

Standard library only, as it runs before anything is installed. An environment carries the digest of what it
was made from, so that asking again costs nothing; a lock file lets the second of two callers wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OTHERS = ROOT / ".environments"
REQUIREMENTS = ROOT / "requirements"
# What the gateway's bench makes load with, and what it takes for the limit.
PROGRAMS = ("wrk", "nginx")
# The oldest PostgreSQL that Tintype works with, as Debian 12 has it; newer ones come as wheels.
POSTGRES = Path("/usr/lib/postgresql/15/bin/postgres")
# SDK 1.x is written for pydantic.v1, which ends with Python 3.13.
PYTHON_FOR_SDK_1 = ">=3.11,<3.14"


class SetupError(Exception):
    """What stops the setup, as a line for a person."""


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command to its end, its output on ours. Raises SetupError with the command when it fails."""
    words = [str(word) for word in command]
    try:
        subprocess.run(words, cwd=cwd, env=environment(os.environ), check=True)
    except subprocess.CalledProcessError as failed:
        raise SetupError(f"`{' '.join(words)}` ended with code {failed.returncode}; see above") from None


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Take the caller's environment without what points Python elsewhere; uv downloads no interpreters."""
    kept = {k: v for k, v in given.items() if k not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}}
    kept["UV_PYTHON_DOWNLOADS"] = "never"
    # The machine's certificate authorities may know a proxy that those built into uv and Node do not.
    kept.setdefault("UV_SYSTEM_CERTS", "true")
    kept["NODE_OPTIONS"] = f"{given.get('NODE_OPTIONS', '')} --use-system-ca".strip()
    kept["PATH"] = os.pathsep.join((str(VENV / "bin"), given.get("PATH", os.defpath)))
    return kept


def digest(*files: Path, also: str = "") -> str:
    """Name the state of some files by their content."""
    together = hashlib.sha256(also.encode())
    for file in files:
        together.update(file.read_bytes())
    return together.hexdigest()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one setup of this checkout run at a time; the others wait."""
    OTHERS.mkdir(exist_ok=True)
    with (OTHERS / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_venv() -> None:
    """Make `.venv`, or bring it up to the lock: uv by pip, everything else by uv, then the project itself."""
    stamp = VENV / "ready"
    lock = REQUIREMENTS / "dev.lock"
    bootstrap = REQUIREMENTS / "bootstrap.lock"
    state = digest(lock, bootstrap, ROOT / "pyproject.toml", Path(__file__), also=str(ROOT))
    if stamp.exists() and stamp.read_text() == state:
        stamp.touch()
        return
    started = time.monotonic()
    stamp.unlink(missing_ok=True)
    python = VENV / "bin" / "python"
    if not works(python):
        print(f"making .venv with {sys.executable} ({sys.version.split()[0]})", flush=True)
        try:
            run(sys.executable, "-m", "venv", "--clear", VENV)
        except SetupError as failed:
            raise SetupError(f"{failed}. On Debian and Ubuntu, `apt install python3-venv` helps") from None
    run(
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        bootstrap,
    )
    uv = VENV / "bin" / "uv"
    run(uv, "pip", "install", "-q", "--python", python, "--compile-bytecode", "--require-hashes", "-r", lock)
    # The lock holds the build backend too, so that this step downloads nothing.
    run(uv, "pip", "install", "-q", "--python", python, "--no-deps", "--no-build-isolation", "-e", ROOT)
    # Bytecode is what keeps the start short, and PYTHONDONTWRITEBYTECODE may be set.
    run(python, "-m", "compileall", "-q", "src")
    stamp.write_text(state)
    print(f".venv is ready after {time.monotonic() - started:.0f} s", flush=True)


def works(python: Path) -> bool:
    """Tell whether an environment's interpreter still starts and has pip."""
    if not python.exists():
        return False
    return (
        subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False).returncode
        == 0
    )


def make_others() -> None:
    """Make what a user of the light client has, and what users of each official SDK have."""
    make_python(OTHERS / "light", lock=REQUIREMENTS / "client.lock")
    make_python(OTHERS / "sdk" / "python-1", lock=REQUIREMENTS / "sdk-python-1.lock", wanted=PYTHON_FOR_SDK_1)
    make_python(OTHERS / "sdk" / "python-2", lock=REQUIREMENTS / "sdk-python-2.lock")
    make_python(OTHERS / "sdk" / "openai", lock=REQUIREMENTS / "sdk-openai.lock")
    make_js_sdk()
    make_postgres(OTHERS / "postgresql-15")


def make_peers() -> None:
    """Make what the gateway is measured beside, and with."""
    make_python(OTHERS / "peers" / "litellm", lock=REQUIREMENTS / "litellm.lock")
    make_programs()


def make_programs() -> None:
    """Install the programs that are missing; where that cannot be, say how, as all other benches do without."""
    missing = [name for name in PROGRAMS if program(name) is None]
    if missing and not install(*missing):
        print(f"peers: the gateway's bench wants {' and '.join(missing)}: apt install {' '.join(missing)}")


def make_postgres(home: Path) -> None:
    """Install Debian's PostgreSQL 15, which tests work with as with a server that is not ours.

    Where that cannot be, a file named `absent` says why, and they do without it.
    """
    absent = home / "absent"
    home.mkdir(parents=True, exist_ok=True)
    if POSTGRES.exists() or install("postgresql-15"):
        absent.unlink(missing_ok=True)
    else:
        absent.write_text(
            f"there is no {POSTGRES}: Debian 12 has it, and root can `apt install postgresql-15`\n"
        )


def install(*packages: str) -> bool:
    """Install Debian packages; False where there are none of these, or one may not. Raises SetupError when it fails."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    # In the first runlevel no package starts its service.
    given = environment(os.environ) | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run([apt, *command], env=given, capture_output=True, text=True, check=False)
        if "Unable to locate package" in done.stderr:
            return False
        if done.returncode != 0:
            raise SetupError(f"`apt-get {' '.join(command)}` failed: {done.stderr.strip()[-300:]}")
    return True


def program(name: str) -> str | None:
    """Return where a program is; servers stand where only root's search path leads."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin")))


def make_python(home: Path, *, lock: Path, wanted: str = "") -> None:
    """Make an environment from a lock, on .venv's interpreter or on one of the machine that is `wanted`.

    Where the machine has none, the environment is left out and says why in a file named `absent`.
    """
    state = digest(lock, also=f"{home} {wanted}")
    stamp = home / "ready"
    if stamp.exists() and stamp.read_text() == state:
        return
    uv = VENV / "bin" / "uv"
    interpreter = find_python(uv, wanted)
    shutil.rmtree(home, ignore_errors=True)
    if interpreter is None:
        home.mkdir(parents=True)
        (home / "absent").write_text(f"{home.name} needs Python {wanted}, and this machine has none\n")
        return
    run(uv, "venv", "-q", "--python", interpreter, home)
    run(uv, "pip", "install", "-q", "--python", home, "--compile-bytecode", "--require-hashes", "-r", lock)
    stamp.write_text(state)


def find_python(uv: Path, wanted: str) -> str | None:
    """Find an interpreter: .venv's own if it will do, else any of the machine."""
    found = subprocess.run(
        [str(uv), "python", "find", wanted or str(VENV / "bin" / "python")],
        cwd=ROOT,
        env=environment(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() if found.returncode == 0 else None


def make_js_sdk() -> None:
    """Make `.environments/sdk/js` from its `package-lock.json`, with the npm of the wheel in `.venv`."""
    home = OTHERS / "sdk" / "js"
    given = ROOT / "tests" / "sdk" / "js"
    files = [given / "package.json", given / "package-lock.json"]
    state = digest(*files, also=str(home))
    stamp = home / "ready"
    if stamp.exists() and stamp.read_text() == state:
        return
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for file in (*files, given / ".npmrc"):
        shutil.copy(file, home)
    run(VENV / "bin" / "npm", "ci", "--loglevel=error", "--ignore-scripts", "--no-progress", cwd=home)
    stamp.write_text(state)


def main(arguments: list[str]) -> int:
    """Make what is asked for; 1 and a line on stderr when that fails."""
    makers = {"venv": make_venv, "others": make_others, "peers": make_peers}
    if len(arguments) != 1 or arguments[0] not in makers:
        print(f"usage: python3 tools/environment.py {{{','.join(makers)}}}", file=sys.stderr)
        return 2
    try:
        with alone():
            makers[arguments[0]]()
    except SetupError as failed:
        print(f"setup: {failed}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
