"""The Dockerfile, which no test can build: what it copies is there, and its image runs the service as another user."""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from pathlib import Path

import pytest
from tiny import ROOT

from detector.cli.parameters import parameters_of
from detector.cli.serve import serve

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8") if (ROOT / "Dockerfile").is_file() else ""
pytestmark = pytest.mark.skipif(not DOCKERFILE, reason="the sdist has no Dockerfile")


def instructions() -> list[tuple[str, str]]:
    """The instructions: their names, and the rest of their lines."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


def named(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def last_stage() -> list[tuple[str, str]]:
    every = instructions()
    return every[max(number for number, (name, _) in enumerate(every) if name == "FROM") :]


def ignored(path: Path) -> bool:
    """Whether .dockerignore leaves a path out, by the patterns that it has."""
    name, left_out = path.relative_to(ROOT).as_posix(), False
    for line in (ROOT / ".dockerignore").read_text("utf-8").split():
        pattern = line.removeprefix("!").removeprefix("**/")
        if fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(path.name, pattern) or name.startswith(f"{pattern}/"):
            left_out = not line.startswith("!")
    return left_out


def copied() -> list[str]:
    return [word for rest in named("COPY") if "--from" not in rest for word in rest.split()[:-1]]


def test_what_it_copies_is_there_and_not_ignored() -> None:
    assert {"pyproject.toml", "detector", "models"} <= set(copied())
    for name in copied():
        assert (ROOT / name).exists()
        assert not ignored(ROOT / name)


def test_it_copies_all_that_the_wheel_is_built_from() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = [project["project"]["readme"], *project["project"]["license-files"]]
    needed += project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed += project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {Path(name).parts[0] for name in needed} <= set(copied())


def test_compiled_files_and_caches_of_the_checkout_are_left_out() -> None:
    for name in ("detector/backend/core.abi3.so", "detector/cli/__pycache__", "tests", ".git", ".venv"):
        assert ignored(ROOT / name), name
    for name in ("detector/backend/source/core.cpp", "detector/service/page.html", "models/default/model.joblib"):
        assert not ignored(ROOT / name), name


def test_its_image_runs_the_service_as_another_user_than_root() -> None:
    stage = dict(last_stage())
    assert stage["USER"].isdecimal()
    assert int(stage["USER"]) > 0
    words = json.loads(stage["ENTRYPOINT"])
    assert words[:2] == ["detector", "serve"]
    known = {"--" + each.name.replace("_", "-") for each in parameters_of(serve)}
    assert {word for word in words if word.startswith("--")} <= known
    port = words[words.index("--port") + 1]
    assert stage["EXPOSE"] == port
    assert f":{port}/healthz" in stage["HEALTHCHECK"]


def test_its_stages_are_of_a_python_that_the_package_supports() -> None:
    versions = {re.match(r"python:(3\.\d+)-slim", rest)[1] for rest in named("FROM")}
    assert len(versions) == 1
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    assert f"Programming Language :: Python :: {versions.pop()}" in classifiers
