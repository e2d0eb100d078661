"""Copies of the server's installation and of this project's tree, to build and install another version in.

The server finds its files by its own place, so that a copy of its directories, laid out as they were, is an
installation of its own: what is installed there is seen by nobody else.
"""
import json
import os
import re
import shutil
import subprocess

from harness import PG_CONFIG, ROOT, Failure


def _configured(name):
    return subprocess.run([PG_CONFIG, f"--{name}"], check=True, capture_output=True, text=True).stdout.strip()


def run(*command, directory=None):
    """Runs a command; a failure is the test's, with the end of what it wrote."""
    done = subprocess.run(command, cwd=directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)} failed with status {done.returncode}: {done.stdout[-4000:]}")
    return done.stdout


class Installation:
    """A copy of the server's programs, libraries and data files below `directory`."""

    def __init__(self, directory):
        paths = {name: _configured(name) for name in ("bindir", "pkglibdir", "sharedir")}
        common = os.path.commonpath(paths.values())
        places = {name: os.path.join(directory, os.path.relpath(path, common)) for name, path in paths.items()}
        for name in sorted(places, key=lambda name: len(places[name])):  # one may be inside another
            if not os.path.exists(places[name]):
                shutil.copytree(paths[name], places[name], symlinks=False)
        self.binaries = places["bindir"]
        self._library = places["pkglibdir"]
        self._scripts = os.path.join(places["sharedir"], "extension")
        for name in os.listdir(self._scripts):
            if name.startswith("playbook"):
                os.unlink(os.path.join(self._scripts, name))

    def install(self, tree):
        """What was built in `tree`; scripts of other versions stay."""
        # By another name first: a server may run with the old file in its memory.
        library = os.path.join(self._library, "playbook.so")
        shutil.copy(os.path.join(tree, "playbook.so"), f"{library}.new")
        os.rename(f"{library}.new", library)
        shutil.copy(os.path.join(tree, "playbook.control"), self._scripts)
        for name in os.listdir(os.path.join(tree, "sql")):
            if re.fullmatch(r"playbook--.*\.sql", name):
                shutil.copy(os.path.join(tree, "sql", name), self._scripts)


def version_of(tree):
    """The version that META.json names."""
    with open(os.path.join(tree, "META.json"), encoding="utf-8") as file:
        return json.load(file)["version"]


def make(tree, *variables):
    """Builds the extension there, for the server that PG_CONFIG belongs to."""
    run("make", "--no-print-directory", f"-j{os.cpu_count()}", f"PG_CONFIG={PG_CONFIG}", *variables, directory=tree)


def copy_of_this_tree(directory):
    """The sources and what was compiled of them: only what is then changed is built again."""
    os.makedirs(os.path.join(directory, "build"), exist_ok=True)
    for name in ("META.json", "Makefile", "playbook.control", "doc", "library", "scripts", "sql", "src", "build/fault_points",
                 "build/flags", "build/fragments", "build/generated", "build/object", "build/sources"):
        path = os.path.join(directory, name)
        if name.startswith("build/") and os.path.exists(path):
            continue  # of the time before
        shutil.rmtree(path, ignore_errors=True)
        run("cp", "-aT", os.path.join(ROOT, name), path)
    return directory


def tree_with_fault_points():
    """This tree, built with fault points; kept below build/, so that the next time only what changed is compiled."""
    tree = copy_of_this_tree(os.path.join(ROOT, "build", "fault-points"))
    make(tree, "FAULT_POINTS=1")
    return tree


def released_tree(version, directory):
    """The tree of a released version, from this repository's tag."""
    os.makedirs(directory)
    archive = os.path.join(directory, "release.tar")
    run("git", "archive", "--format=tar", "-o", archive, f"v{version}", directory=ROOT)
    run("tar", "-xf", archive, directory=directory)
    make(directory)
    return directory
