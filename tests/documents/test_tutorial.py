"""The tutorial, followed to the letter by somebody who has nothing but the wheel and an empty folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from servers.stand import Ports
from tests.until import PATIENCE_SECONDS

from .blocks import Block, agrees, blocks, commands

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
PORT = "8787"
NAME = "mparticle-preflight"

pytestmark = pytest.mark.slow


class Stranger:
    """A shell in an empty folder, whose exports last, and the programs that run beside it."""

    def __init__(self, folder: Path, wheel: Path, port: str) -> None:
        self.folder = folder
        self.changed = {NAME + "[": f"{wheel}[", PORT: port}
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "MP_", "FORCE_"))}
        self.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.environ['PATH']}"
        self.status = 0
        self.beside: list[subprocess.Popen[str]] = []

    def adapted(self, text: str) -> str:
        """The page's text with this wheel for the published package, and a port that is free."""
        for old, new in self.changed.items():
            text = text.replace(old, new)
        return text

    def run(self, command: str) -> str:
        """Run a line in the shell; its output on stdout."""
        script = f'(exit {self.status})\n{command}\nstatus=$?\nenv -0 > .environ\nexit "$status"\n'
        done = subprocess.run(
            ["/bin/sh", "-c", script], cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=600
        )
        self.status = done.returncode
        kept = (self.folder / ".environ").read_text("utf-8").split("\0")
        self.environ = dict(line.split("=", 1) for line in kept if "=" in line)
        (self.folder / ".environ").unlink()
        assert "Traceback" not in done.stderr, done.stderr
        if command.startswith(("python3 ", "pip ")):
            assert self.status == 0, done.stderr
            return ""
        return done.stdout

    def start(self, command: str, lines: int) -> str:
        """Start a program beside the shell; its first lines of output."""
        program = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.beside.append(program)
        assert program.stdout is not None
        watch = threading.Timer(PATIENCE_SECONDS, program.kill)
        watch.start()
        said = "".join(program.stdout.readline() for _ in range(lines))
        watch.cancel()
        return said

    def follow(self, block: Block) -> None:
        """Do what the block says."""
        kind, _, name = block.marker.partition(": ")
        text = self.adapted(block.text)
        if kind == "file":
            (self.folder / name).write_text(text, "utf-8")
        elif kind == "edit":
            self._edit(self.folder / name, text)
        else:
            for command in commands(block):
                quoted = self.adapted(command.quoted or "")
                line = self.adapted(command.text)
                beside = kind == "another terminal"
                printed = self.start(line, quoted.count("\n")) if beside else self.run(line)
                assert agrees(quoted, printed), f"{block.place}: {line}\n{printed}"

    @staticmethod
    def _edit(file: Path, text: str) -> None:
        content = file.read_text("utf-8")
        for old, new in re.findall(r"^-(.*)\n\+(.*)$", text, re.MULTILINE):
            assert content.count(old) == 1, old
            content = content.replace(old, new)
        file.write_text(content, "utf-8")


@contextmanager
def stranger(folder: Path, wheel: Path) -> Iterator[Stranger]:
    with closing(Ports()) as ports:
        somebody = Stranger(folder, wheel, str(ports.take()))
        try:
            yield somebody
        finally:
            for program in somebody.beside:
                program.send_signal(signal.SIGINT)
                program.communicate(timeout=PATIENCE_SECONDS)


def test_a_newcomer_can_follow_the_tutorial_to_its_end(tmp_path: Path) -> None:
    built, folder = tmp_path / "wheel", tmp_path / "empty"
    folder.mkdir()
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(built), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    with stranger(folder, wheel) as somebody:
        for block in blocks(PAGE, ROOT):
            somebody.follow(block)
    assert [program.returncode for program in somebody.beside] == [0]
