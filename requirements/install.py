"""Make `.venv` from a lock file: `python3 requirements/install.py runtime|demo|dev`.

With `peers` or `peers-quix`, an environment beside it for what `make bench` compares with: `.venv-peers/`.
Does nothing when the environment is up to date. Written so that any Python 3 can read it and say what is wrong with itself.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST, NEWEST = (3, 11), (3, 14)
OLDEST_GLIBC = (2, 28)
SETS = ("runtime", "demo", "dev")  # each holds the one before it
PEERS = ("peers", "peers-quix")  # what they want does not go together, nor with ours


def main():
    """Return the exit status."""
    wanted = sys.argv[1]
    problem = find_problem(wanted)
    if problem:
        sys.stderr.write("bildwerk: " + problem + "\n")
        return 1
    if is_installed(wanted):
        return 0
    folder = os.path.relpath(find_venv(wanted), ROOT)
    sys.stdout.write(
        "Installing into %s, once (with Python %d.%d; a minute or two) ...\n" % ((folder,) + sys.version_info[:2])
    )
    sys.stdout.flush()
    install(wanted)
    return 0


def find_problem(wanted):
    """Return one line that says what is in the way and what to do about it, or None."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return "needs Python 3.%d to 3.%d, this is %s: choose another with `make PYTHON=python3.12 ...`" % (
            OLDEST[1],
            NEWEST[1],
            platform.python_version(),
        )
    if wanted in ("demo", "dev") and not has_embedded_wheels():
        return (
            "the embedded PostgreSQL and broker exist for macOS and for Linux with glibc 2.28 or newer on x86_64 and aarch64,"
            " not for this system (%s %s, libc %s): `make install`, and use your own PostgreSQL, Kafka and Ollama"
            % (platform.system(), platform.machine(), " ".join(platform.libc_ver()).strip() or "unknown")
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return "this Python has no venv module: `apt install python3-venv` (Debian, Ubuntu), or choose another Python with `make PYTHON=...`"
    return None


def has_embedded_wheels():
    """Whether the wheels of the embedded stack cover this system."""
    if sys.platform == "darwin":
        return True
    libc, version = platform.libc_ver()
    known = sys.platform.startswith("linux") and platform.machine() in ("x86_64", "aarch64") and libc == "glibc"
    return known and tuple(int(part) for part in version.split(".")[:2]) >= OLDEST_GLIBC


def find_venv(name):
    """Return the folder of the set's environment."""
    return os.path.join(ROOT, ".venv-peers", name) if name in PEERS else os.path.join(ROOT, ".venv")


def find_python(name):
    """Return the Python of the set's environment."""
    return os.path.join(find_venv(name), "bin", "python")


def describe(name):
    """Return what must not have changed since the set was installed."""
    digest = hashlib.sha256(repr((ROOT, sys.version_info[:2])).encode())
    paths = [os.path.join(ROOT, "requirements", name + ".txt")]
    if name in SETS:
        paths.append(os.path.join(ROOT, "pyproject.toml"))
    for path in paths:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def is_installed(wanted):
    """Whether the environment already holds the set, or a larger one."""
    fitting = SETS[SETS.index(wanted) :] if wanted in SETS else (wanted,)
    return os.path.exists(find_python(wanted)) and any(read_stamp(name) == describe(name) for name in fitting)


def read_stamp(name):
    """Return what the set was installed from, or None."""
    try:
        with open(os.path.join(find_venv(name), name + ".installed")) as file:
            return file.read()
    except OSError:
        return None


def install(wanted):
    """Make the environment anew where its Python is another one; the stamp comes last."""
    venv, python = find_venv(wanted), find_python(wanted)
    if not is_same_python(python):
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.check_call([sys.executable, "-m", "venv", venv])
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    lock = os.path.join(ROOT, "requirements", wanted + ".txt")
    subprocess.check_call(pip + ["--require-hashes", "--only-binary", ":all:", "-r", lock])
    if wanted in SETS:
        subprocess.check_call(pip + ["--no-deps", "--no-build-isolation", "--editable", ROOT])
    with open(os.path.join(venv, wanted + ".installed"), "w") as file:
        file.write(describe(wanted))


def is_same_python(python):
    """Whether an environment's Python works and is of this version."""
    program = "import sys, pip; sys.exit(sys.version_info[:2] != %r)" % (tuple(sys.version_info[:2]),)
    return os.path.exists(python) and subprocess.call([python, "-c", program], stderr=subprocess.DEVNULL) == 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.stderr.write(
            "bildwerk: the environment could not be made: `%s` failed (can it reach the package index?)\n"
            % " ".join(error.cmd)
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
