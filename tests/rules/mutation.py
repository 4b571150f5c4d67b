"""How many small mistakes in the rules their case files notice.

Each mistake is planted in a process of its own that is forked from one with everything imported; there the cases that
reach the spoilt function run until one fails. A mistake that none notices survives.

Run: ``python -m tests.rules.mutation [--sample N] [--seed S] [--only TEXT] [--jobs J] [--at-least PERCENT]``. It needs
an operating system that forks.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import pkgutil
import random
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import preflight_rules
from preflight import limits
from preflight.errors import PreflightError
from preflight.rule import Rule
from tests.rules.cases import Case, examine, from_docstring, from_files, judge_written, write
from tests.rules.mutants import Mutant, of_module

PATIENCE = 30
"""Seconds after which a mistake that makes the cases hang counts as noticed."""
KILLED, SURVIVED = 0, 1
_LAST = {rule.name for rule in preflight_rules.RULES if rule.last}
"""The rules that speak of what the others found, and so need them."""
Place = tuple[str, str]
"""A module's name, and the name of a function, ``Class.method`` or constant in it."""


def modules() -> dict[str, ModuleType]:
    """The modules in which mistakes are planted, by name."""
    found = [limits]
    for info in pkgutil.walk_packages(preflight_rules.__path__, "preflight_rules."):
        module = importlib.import_module(info.name)
        if not info.ispkg:
            found.append(module)
    return {module.__name__: module for module in found}


def plant(mutant: Mutant, module: ModuleType) -> None:
    """Put the mistake into the running program, wherever the function or the constant was imported to."""
    if isinstance(mutant.node, ast.Assign):
        before = getattr(module, mutant.owner)
        spoilt = dict(vars(module))
        exec(_compiled(mutant.node, module), spoilt)
        for other in list(sys.modules.values()):
            if getattr(other, mutant.owner, None) is before and vars(other).get(mutant.owner) is before:
                setattr(other, mutant.owner, spoilt[mutant.owner])
        return
    assert isinstance(mutant.node, ast.FunctionDef)
    mutant.node.decorator_list = []
    spoilt = dict(vars(module))
    exec(_compiled(mutant.node, module), spoilt)
    function(module, mutant.owner).__code__ = spoilt[mutant.node.name].__code__
    for other in vars(module).values():
        if hasattr(other, "cache_clear"):
            other.cache_clear()


def _compiled(node: ast.stmt, module: ModuleType) -> CodeType:
    flags = ast.parse("from __future__ import annotations").body
    return compile(ast.Module([*flags, node], []), module.__file__ or "", "exec", dont_inherit=True)


def function(module: ModuleType, owner: str) -> FunctionType:
    """The function that ``owner`` names, out of the rule, the property or the cache that wraps it."""
    found: Any = module
    for name in owner.split("."):
        found = vars(found)[name]
    if isinstance(found, Rule):
        found = found.check
    found = getattr(found, "fget", found)
    found = getattr(found, "__wrapped__", found)
    assert isinstance(found, FunctionType), owner
    return found


def noticed(case: Case, folder: Path) -> bool:
    """Whether the case fails."""
    alone = () if case.rule in _LAST else (case.rule,)
    try:
        examine(case, judge_written(case, folder, alone))
    except (AssertionError, PreflightError):
        return True
    except Exception:  # a mistake may make anything of the program
        return True
    return False


class Suite:
    """The cases of these modules' families on disk, and which of them reach which function."""

    def __init__(self, root: Path, planted: dict[str, ModuleType]) -> None:
        homes = {rule.name: rule.check.__module__.rpartition(".")[0] for rule in preflight_rules.RULES}
        wanted = {name.rpartition(".")[0] for name in planted}
        every = [*from_files(), *(case for rule in preflight_rules.RULES for case in from_docstring(rule))]
        self.cases = [case for case in every if "preflight" in wanted or homes[case.rule] in wanted]
        self.folders: list[Path] = []
        self.reached: dict[Place, list[int]] = defaultdict(list)
        self.took: list[float] = []
        files = {module.__file__: name for name, module in planted.items()}
        for index, case in enumerate(self.cases):
            folder = root / str(index)
            folder.mkdir()
            write(case, folder)
            self.folders.append(folder)
            start = time.perf_counter()
            for place in self._run(index, case, folder, files):
                self.reached[place].append(index)
            self.took.append(time.perf_counter() - start)
        for cases in self.reached.values():
            cases.sort(key=self.took.__getitem__)

    def _run(self, index: int, case: Case, folder: Path, files: dict[str | None, str]) -> set[Place]:
        seen: set[CodeType] = set()

        def watch(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                seen.add(frame.f_code)

        sys.setprofile(watch)
        try:
            failed = noticed(case, folder)
        finally:
            sys.setprofile(None)
        if failed:
            sys.exit(f"{case} fails without any mistake")
        return {
            (files[code.co_filename], code.co_qualname.partition(".<")[0]) for code in seen if code.co_filename in files
        }

    def of(self, mutant: Mutant) -> list[int]:
        """The cases that may notice the mistake, the quickest first."""
        if isinstance(mutant.node, ast.Assign):
            found = {index for (module, _), cases in self.reached.items() if module == mutant.module for index in cases}
            return sorted(found, key=self.took.__getitem__)
        return self.reached[mutant.module, mutant.owner]


def survives(mutant: Mutant, module: ModuleType, suite: Suite) -> bool:
    """Plant the mistake here, and say whether no case notices it. Only for a process that ends afterwards."""
    try:
        plant(mutant, module)
    except Exception:  # what cannot even be planted would never run
        return False
    return not any(noticed(suite.cases[index], suite.folders[index]) for index in suite.of(mutant))


def forked(task: Callable[[], bool]) -> int:
    """Start the task in a process of its own, which ends with SURVIVED where it gives true; its id."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    signal.signal(signal.SIGALRM, lambda *_: os._exit(KILLED))
    signal.alarm(PATIENCE)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    try:
        os._exit(SURVIVED if task() else KILLED)
    finally:
        os._exit(KILLED)


def survivors(mutants: list[Mutant], planted: dict[str, ModuleType], suite: Suite, jobs: int) -> Iterator[Mutant]:
    """The mutants that no case notices, as they turn out."""
    running: dict[int, Mutant] = {}
    waiting = list(reversed(mutants))
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[forked(lambda mutant=mutant: survives(mutant, planted[mutant.module], suite))] = mutant
        process, status = os.wait()
        mutant = running.pop(process)
        if os.waitstatus_to_exitcode(status) == SURVIVED:
            yield mutant


def main() -> int:
    """Print the survivors and how many mistakes were noticed; 1 where it is a smaller part than was asked for."""
    parser = argparse.ArgumentParser(description="How many small mistakes in the rules their case files notice.")
    parser.add_argument("--sample", type=int, help="plant so many of the mistakes, not all")
    parser.add_argument("--seed", type=int, default=0, help="which ones a sample takes")
    parser.add_argument("--only", default="", help="only in modules whose name holds this text")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--at-least", type=float, default=0.0, help="the percentage that must be noticed")
    options = parser.parse_args()
    planted = {name: module for name, module in modules().items() if options.only in name}
    mutants = [
        mutant
        for name, module in sorted(planted.items())
        for mutant in of_module(name, Path(module.__file__ or "").read_text("utf-8"))
    ]
    if options.sample is not None and options.sample < len(mutants):
        chosen = random.Random(options.seed).sample(range(len(mutants)), options.sample)
        mutants = [mutants[index] for index in sorted(chosen)]
    with tempfile.TemporaryDirectory() as root:
        suite = Suite(Path(root), planted)
        alive = 0
        for mutant in survivors(mutants, planted, suite, options.jobs):
            alive += 1
            sys.stdout.write(f"survived: {mutant}\n")
    part = 100 * (len(mutants) - alive) / max(1, len(mutants))
    sys.stdout.write(f"{len(mutants) - alive} of {len(mutants)} mistakes noticed ({part:.1f} %)\n")
    return int(part < options.at_least)


if __name__ == "__main__":
    sys.exit(main())
