"""Kafka's own tools, which a broker does without: through Maven, like the broker."""

import asyncio
from pathlib import Path

VERSION = "4.1.0"
POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>bildwerk.tests</groupId>
  <artifactId>kafka-tools</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{VERSION}</version></dependency>
  </dependencies>
</project>
"""


async def fetch_tools(folder: Path) -> Path:
    """Let Maven bring the tools into a folder; what its own cache has is only copied."""
    folder.mkdir()
    (folder / "pom.xml").write_text(POM)
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder / 'jars'}")
    await run("mvn", "--quiet", "--batch-mode", "--file", str(folder / "pom.xml"), *goal)
    return folder / "jars"


async def run(*argv: str) -> str:
    """Run a program to its end; what it said."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()
