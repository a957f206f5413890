"""ExifTool, asked what it reads in files; another program than ours has to understand them."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

PROGRAM: Final = shutil.which("exiftool")
NEEDED: Final = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("TEST_EXIFTOOL"),
    reason="there is no exiftool here (Debian: libimage-exiftool-perl)",
)


def read_folder(folder: Path) -> dict[str, dict[str, Any]]:
    """By file name what it reads in each sidecar of a folder: `XMP-dc:Title`, `XMP-dc:Title-de`, and so on."""
    assert PROGRAM is not None, "TEST_EXIFTOOL is set, but there is no exiftool"
    command = [PROGRAM, "-json", "-G1", "-n", "-ext", "xmp", "-charset", "utf8", str(folder)]
    found = subprocess.run(command, capture_output=True, check=True)
    return {Path(one["SourceFile"]).name: one for one in json.loads(found.stdout)}
