"""The demo and `up`, as a person starts them: from the pictures to the contact sheet, and nothing left behind."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from bildwerk.demo.generated import Wish, write_webui

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/theirs",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "OLLAMA_HOST": "127.0.0.1:1",
}
SECONDS = 120


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder with three pictures, one as if a program had generated it, and one file that is none."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    for number, name in enumerate(("red.png", "below/green.jpg", "blue & <grün>.webp")):
        picture = Image.new("RGB", (64 + number, 48), tuple(200 * (number == channel) for channel in range(3)))
        if name == "red.png":
            write_webui(Wish("a red wall in the midday sun", "<text>", 1), folder / name, picture)
        else:
            picture.save(folder / name)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


async def start(tmp_path: Path, *arguments: object, **variables: str) -> asyncio.subprocess.Process:
    """Start the command, marked so that whatever it leaves behind can be found."""
    return await start_through((), tmp_path, *arguments, **variables)


async def start_through(
    through: tuple[str, ...], tmp_path: Path, *arguments: object, **variables: str
) -> asyncio.subprocess.Process:
    """Let another program start it."""
    return await asyncio.create_subprocess_exec(
        *through,
        sys.executable,
        "-m",
        "bildwerk",
        *map(str, arguments),
        cwd=tmp_path,
        env={**os.environ, **variables, "PYTHONPATH": str(ROOT), "LEFT_BEHIND": str(tmp_path), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # under nohup, tests and all that they start ignore it
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )


def list_left_behind(mark: Path) -> list[str]:
    """Return the command lines of processes that carry the mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"LEFT_BEHIND={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


async def test_the_demo_ends_in_a_contact_sheet_and_touches_nobody_elses_services(
    tmp_path: Path, pictures: Path
) -> None:
    process = await start(
        tmp_path, "demo", "--folder", pictures, "--language", "de", **ELSEWHERE, BILDWERK_NONSENSE="1"
    )
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)

    assert process.returncode == 0, err.decode()
    page = (tmp_path / "demo-output" / "index.html").read_text("utf-8")
    assert '<html lang="de">' in page
    assert "3 of 4 pictures" in page
    assert "Simulated model" in page
    assert "blue &amp; &lt;grün&gt;.webp" in page
    assert page.count("<img ") == len(list((tmp_path / "demo-output" / "thumbnails").iterdir())) == 3
    assert page.count("<meter ") == 3 * 4 + 1, "five scores each, for fidelity only with a prompt"
    assert page.count("(measured): ") >= 3, "all three are too small"
    assert page.count('<li class="bad">blocked: quality</li>') == 3
    assert page.count('<li class="tag ours"') >= 3 * 2
    assert page.count('<blockquote class="doubtful">') == 2, "there is little to say of one colour"
    assert page.count('<blockquote class="kept">') == 1
    for words in ("a red wall in the midday sun", "without: &lt;text&gt;", "embedded by AUTOMATIC1111"):
        assert words in page
    assert "below/green.jpg" in out.decode()
    assert "ours; prompts: 2 too uncertain, 1 embedded" in out.decode()
    assert "quality: 3 defect; policy: 3 blocked" in out.decode()
    assert sorted(path.name for path in pictures.iterdir()) == ["below", "blue & <grün>.webp", "broken.jpg", "red.png"]
    assert list_left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "through"),
    [
        (signal.SIGINT, ()),
        (signal.SIGTERM, ()),
        (signal.SIGHUP, ()),
        (signal.SIGTERM, ("sh", "-c", 'trap "" INT; exec "$@"', "sh")),
    ],
    ids=["SIGINT", "SIGTERM", "SIGHUP", "SIGTERM to a script's background job"],
)
async def test_a_demo_that_is_asked_to_end_leaves_nothing_behind(
    tmp_path: Path, pictures: Path, number: signal.Signals, through: tuple[str, ...]
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for shade in range(30):  # or a slow machine asks when all is done
        Image.new("RGB", (64, 48), (shade, 0, 0)).save(pictures / f"{shade}.png")
    process = await start_through(through, tmp_path, "demo", "--folder", pictures, **ELSEWHERE, TMPDIR=str(scratch))
    await wait_until_working(tmp_path, process)

    process.send_signal(number)
    _, err = await asyncio.wait_for(process.communicate(), SECONDS)

    assert process.returncode == 128 + number
    assert b"Traceback" not in err
    assert list_left_behind(tmp_path) == []
    assert list(scratch.iterdir()) == []


async def test_a_demo_that_is_killed_leaves_no_process_behind(tmp_path: Path, pictures: Path) -> None:
    process = await start(tmp_path, "demo", "--folder", pictures, **ELSEWHERE, TMPDIR=str(tmp_path))
    await wait_until_working(tmp_path, process)

    process.kill()
    await asyncio.wait_for(process.communicate(), SECONDS)

    async with asyncio.timeout(SECONDS):
        while list_left_behind(tmp_path):
            await asyncio.sleep(0.1)


async def wait_until_working(tmp_path: Path, process: asyncio.subprocess.Process) -> None:
    """Wait until the demo's `bildwerk serve` has begun."""
    log = tmp_path / "demo-output" / "serve.log"
    async with asyncio.timeout(SECONDS):
        while not log.exists() or b"service.started" not in log.read_bytes():
            assert process.returncode is None, (await process.communicate())[1].decode()
            await asyncio.sleep(0.05)


async def test_up_goes_on_where_it_was(tmp_path: Path, pictures: Path) -> None:
    first = await keep_up_until(tmp_path, pictures, "4 added, 0 changed, 0 unchanged")
    Image.new("RGB", (32, 32), (9, 9, 9)).save(pictures / "red.png")
    page = pictures / ".bildwerk" / "contact-sheet" / "index.html"
    page.unlink()
    again = await keep_up_until(tmp_path, pictures, "0 added, 1 changed, 3 unchanged")

    assert first == again == 0
    assert "32 × 32" in page.read_text("utf-8")
    assert list_left_behind(tmp_path) == []


async def keep_up_until(tmp_path: Path, pictures: Path, counted: str) -> int | None:
    """Run `up` until its contact sheet is there, then press Ctrl-C; returns the exit status."""
    process = await start(tmp_path, "up", pictures, "--simulated", **ELSEWHERE)
    page, deadline = pictures / ".bildwerk" / "contact-sheet" / "index.html", time.monotonic() + SECONDS
    while not page.exists():
        assert time.monotonic() < deadline
        assert process.returncode is None, (await process.communicate())[1].decode()
        await asyncio.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert counted in err.decode()
    return process.returncode
