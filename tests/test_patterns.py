from __future__ import annotations

import re
import subprocess
import sys
from threading import Thread

from preflight.patterns import deferred, lazy

from .cli.command import environment


def test_a_lazy_pattern_does_what_the_compiled_one_does() -> None:
    pattern = lazy("a(b)", re.IGNORECASE)
    assert pattern.sub(r"\1", "xAB") == "xB"
    assert pattern.flags & re.IGNORECASE


def test_patterns_are_deferred_in_one_thread_and_for_a_while() -> None:
    at_once, beside = re.compile, []
    with deferred():
        broken = re.compile("(")
        other = Thread(target=lambda: beside.append(re.compile("x")))
        other.start()
        other.join()
    assert re.compile is at_once
    assert isinstance(beside[0], re.Pattern)
    assert not isinstance(broken, re.Pattern)


USES = """
from preflight.config.nodes import parse
assert parse("a: 1")[0] is not None
import re, yaml
assert not isinstance(yaml.SafeLoader.NON_PRINTABLE, re.Pattern)
text = "{a: 1, b: 2026-11-25, c: 1.5, d: yes, e: ~, f: 'x', <<: {g: 0b1}}"
read = yaml.load(text, Loader=yaml.SafeLoader)
assert read == yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), read
assert [type(read[key]).__name__ for key in "abcdefg"] == ["int", "date", "float", "bool", "NoneType", "str", "int"]
assert yaml.safe_load(yaml.safe_dump(read)) == read
try:
    yaml.load("\\x07", Loader=yaml.SafeLoader)
except yaml.reader.ReaderError:
    pass
else:
    raise AssertionError("a control character was read")
"""


def test_pyyaml_reads_and_writes_as_ever_after_its_patterns_were_deferred() -> None:
    done = subprocess.run(
        [sys.executable, "-c", USES], capture_output=True, text=True, check=False, env=environment(), timeout=60
    )
    assert done.returncode == 0, done.stderr
