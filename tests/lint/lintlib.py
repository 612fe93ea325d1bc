# SPDX-License-Identifier: GPL-2.0
"""What the lints share: the tree they look at, and how they report.

A lint is a script in this folder. It takes --tree DIR (default: the tree it
stands in), looks at that tree only, prints KTAP and a last line
"N passed, N failed, N skipped", and exits with 0 only if nothing failed.
"""

import argparse
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
MAX_SHOWN = 20		# problems shown for one case


def parse_tree(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--tree", default=os.path.join(HERE, "..", ".."),
                        help="root of the tree to look at")
    return os.path.realpath(parser.parse_args().tree)


def source_files(tree):
    """Paths that git tracks or would, or all files where there is no git."""
    if os.path.exists(os.path.join(tree, ".git")):     # in a linked worktree a file
        out = subprocess.run(
            ["git", "-C", tree, "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], check=True, capture_output=True, text=True)
        paths = set(out.stdout.split("\0")) - {""}
        paths = {p for p in paths if not p.startswith("build/")}
        return sorted(p for p in paths
                      if os.path.isfile(os.path.join(tree, p)) and
                      not os.path.islink(os.path.join(tree, p)))
    paths = []
    for folder, _, names in os.walk(tree):
        paths += [os.path.relpath(os.path.join(folder, n), tree)
                  for n in names if not n.endswith(".pyc")]
    return sorted(paths)


def hypervisor_files(tree, suffixes):
    """What is linked into the hypervisor: the domain builder too."""
    return [p for p in source_files(tree)
            if p.startswith(("hypervisor/", "domain-builder/")) and
            p.endswith(suffixes)]


def read_text(tree, path):
    """The file's text, or None if it is not text."""
    with open(os.path.join(tree, path), "rb") as source:
        data = source.read()
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def run_make(tree, folder, target):
    """What make says for a target; RuntimeError if it fails."""
    out = subprocess.run(
        ["make", "-s", "--no-print-directory", "-C", os.path.join(tree, folder),
         target], capture_output=True, text=True, check=False)
    if out.returncode != 0:
        raise RuntimeError(f"make {target}: " + out.stderr.strip())
    return out.stdout


def hypervisor_cflags(tree):
    """The compiler flags that the hypervisor's own Makefile states.

    The headers that they lead to are generated first, where there is a table.
    """
    if os.path.isfile(os.path.join(tree, "hypercall-abi", "Makefile")):
        run_make(tree, "hypercall-abi", "all")
    return shlex.split(run_make(tree, "hypervisor", "print-cflags"))


class Report:
    """Collects cases; finish() prints them and ends the program."""

    def __init__(self):
        self.cases = []

    def case(self, name, problems):
        """One case: fails if there are problems."""
        self.cases.append((name, list(problems), None))

    def skip(self, name, reason):
        self.cases.append((name, [], reason))

    def finish(self):
        passed = failed = skipped = 0
        print(f"KTAP version 1\n1..{len(self.cases)}")
        for number, (name, problems, reason) in enumerate(self.cases, 1):
            for problem in problems[:MAX_SHOWN]:
                print("# " + problem.replace("\n", "\n# "))
            if len(problems) > MAX_SHOWN:
                print(f"# and {len(problems) - MAX_SHOWN} more")
            if reason is not None:
                skipped += 1
                print(f"ok {number} {name} # SKIP {reason}")
            elif problems:
                failed += 1
                print(f"not ok {number} {name}")
            else:
                passed += 1
                print(f"ok {number} {name}")
        print(f"{passed} passed, {failed} failed, {skipped} skipped")
        sys.exit(1 if failed else 0)


def run_tool(report, tree, files, name, command):
    """command(path) on every file: a case each, failing on status or output.

    Tools run in hypervisor/ because that is where relative flags start.
    """
    def one(path):
        args = command(os.path.relpath(path, "hypervisor"))
        try:
            out = subprocess.run(args, cwd=os.path.join(tree, "hypervisor"),
                                 capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return [f"{args[0]} is not installed"]
        text = (out.stdout + out.stderr).strip()
        if out.returncode != 0 and not text:
            text = f"{args[0]} ended with status {out.returncode}"
        return [text] if text else []

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, problems in zip(files, pool.map(one, files)):
            report.case(f"{name}: {path}", problems)


def tool_lint(description, name, suffixes, make_command, filter_flags=None):
    """The whole of a lint that runs a compiler-like tool on every file."""
    tree = parse_tree(description)
    report = Report()
    files = hypervisor_files(tree, suffixes)
    if not os.path.isfile(os.path.join(tree, "hypervisor", "Makefile")):
        report.skip(name, "there is no hypervisor/Makefile")
        report.finish()
    try:
        flags = hypervisor_cflags(tree)
    except RuntimeError as error:
        report.case(f"{name}: flags", [str(error)])
        report.finish()
    if filter_flags:
        flags = filter_flags(flags)
    if not files:
        report.case(f"{name}: files", ["no file to look at"])
    run_tool(report, tree, files, name,
             lambda path: make_command(flags, path))
    report.finish()
