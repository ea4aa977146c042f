"""The build hook of the compiled backend: levels, wheels with and without it, builds in place, and what fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tiny import ROOT

from detector.backend.source import build

BUILD = Path("detector", "backend", "source", "build.py")
# a project with the same hook and a module that is compiled in a second: it says what the levels saw
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "small"
version = "1"
requires-python = ">=3.11"

[tool.hatch.build.targets.wheel]
packages = ["detector"]
exclude = ["detector/backend/source"]

[tool.hatch.build.targets.wheel.hooks.custom]
path = "detector/backend/source/build.py"
"""
SOURCES = {
    "core.pyx": """# cython: language_level=3, freethreading_compatible=True
include "levels.pxi"
""",
    "levels.pxi": """
cdef extern from *:
    const char* _SOURCES "DETECTOR_SOURCES"
cdef extern from "levels.hpp":
    const char* names()
    const char* shared()
SOURCES = _SOURCES.decode()
NAMES = names().decode().split()
SHARED = shared().decode().split()
""",
    "levels.hpp": """#pragma once
const char *names();
const char *shared();
namespace baseline { const char *own(); const char *common(); }
namespace sse4 { const char *own(); const char *common(); }
namespace avx2 { const char *own(); const char *common(); }
namespace avx512 { const char *own(); const char *common(); }
""",
    "core.cpp": """#include <string>
#include "levels.hpp"
static std::string text;
static const char *joined(bool own) {
    text = own ? baseline::own() : baseline::common();
#ifdef DETECTOR_HAS_SSE4
    text += std::string(" ") + (own ? sse4::own() : sse4::common());
#endif
#ifdef DETECTOR_HAS_AVX2
    text += std::string(" ") + (own ? avx2::own() : avx2::common());
#endif
#ifdef DETECTOR_HAS_AVX512
    text += std::string(" ") + (own ? avx512::own() : avx512::common());
#endif
    return text.c_str();
}
const char *names() { return joined(true); }
const char *shared() { return joined(false); }
""",
    "kernels.cpp": """#include "levels.hpp"
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
template <class T> struct Common { static const char *level(); };
template <class T> const char *Common<T>::level() { return TEXT(DETECTOR_LEVEL); }
template struct Common<int>; // every level defines it, and the linker takes one of them
namespace DETECTOR_LEVEL {
const char *own() { return TEXT(DETECTOR_LEVEL); }
const char *(*volatile chosen)() = Common<int>::level;
const char *common() { return chosen(); }
}
""",
}
NO_COMPILER = {"CC": "/bin/false", "CXX": "/bin/false"}
WARNING = "NumPy computes the same, several times more slowly"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with the hook of this one."""
    source = tmp_path / "project" / BUILD.parent
    source.mkdir(parents=True)
    shutil.copy(ROOT / BUILD, source)
    for name, text in SOURCES.items():
        (source / name).write_text(text, encoding="utf-8")
    for package in (source.parent, source.parent.parent):
        (package / "__init__.py").touch()
    (tmp_path / "project" / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    return tmp_path / "project"


def run(project: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != build.VARIABLE} | variables
    everything = [sys.executable, *command]
    return subprocess.run(everything, cwd=project, env=environment, check=False, capture_output=True, text=True)


def wheel(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(project, "-m", "hatchling", "build", "-t", "wheel", "-d", "built", **variables)


def attribute(project: Path, name: str) -> str:
    done = run(project, "-c", f"from detector.backend import core; print(core.{name})")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "b.cpp").write_text("two")
    (tmp_path / "a.cpp").write_text("one")
    first = build.sources_digest(tmp_path)
    assert len(first) == 64
    os.utime(tmp_path / "a.cpp", (1, 1))
    (tmp_path / ".a.cpp.swp").write_text("of an editor")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "build.pyc").write_text("left out")
    assert build.sources_digest(tmp_path) == first
    (tmp_path / "a.cpp").rename(tmp_path / "c.cpp")
    assert build.sources_digest(tmp_path) != first
    (tmp_path / "c.cpp").rename(tmp_path / "a.cpp")
    (tmp_path / "a.cpp").write_text("onetwo")
    (tmp_path / "b.cpp").write_text("")
    assert build.sources_digest(tmp_path) != first


@pytest.mark.parametrize(
    ("machines", "msvc", "expected"),
    [
        ({"x86_64"}, False, ["baseline", "sse4", "avx2", "avx512"]),
        ({"amd64"}, True, ["baseline", "avx2", "avx512"]),
        ({"aarch64"}, False, ["baseline"]),
        ({"arm64"}, True, ["baseline"]),
        ({"arm64", "x86_64"}, False, ["baseline"]),
        ({"win32"}, True, ["baseline"]),
        (set(), False, ["baseline"]),
    ],
)
def test_the_levels_of_an_architecture(machines: set[str], msvc: bool, expected: list[str]) -> None:
    assert [level.name for level in build.levels(machines, msvc)] == expected


def test_no_flag_changes_results_or_depends_on_this_machine() -> None:
    flags = {*build.UNIX_FLAGS, *build.MSVC_FLAGS}
    flags.update(flag for level in build.X86_LEVELS for flag in (*level.unix, *(level.msvc or ())))
    assert {"-ffp-contract=off", "-fno-fast-math", "/fp:precise"} <= flags
    assert not [flag for flag in flags if flag.startswith(("-march", "-mtune", "-ffast-math", "-Ofast", "/fp:fast"))]


@pytest.mark.slow
def test_a_wheel_has_the_module_and_its_tag(project: Path) -> None:
    assert wheel(project, **{build.VARIABLE: "1"}).returncode == 0
    (path,) = (project / "built").iterdir()
    _, _, python, abi, platform = path.stem.split("-")
    if build.LIMITED:
        assert (python, abi) == ("cp311", "abi3")
    else:
        assert (python, abi) != ("py3", "none")
    assert platform != "any"
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith("detector/")]
        assert "Root-Is-Purelib: false" in archive.read("small-1.dist-info/WHEEL").decode()
    (module,) = (name for name in names if name.endswith((".so", ".pyd")))
    assert Path(module).parent == Path("detector", "backend")
    assert not [name for name in names if "/source/" in name]
    assert not list(project.glob("detector/backend/core*"))


@pytest.mark.slow
def test_a_module_in_place_has_all_levels_and_the_lowest_one_of_what_they_share(project: Path) -> None:
    """What several levels define, a processor of the lowest level has to be able to run."""
    done = run(project, str(BUILD))
    assert done.returncode == 0, done.stderr
    names = [level.name for level in build.levels(build.architectures(), os.name == "nt")]
    assert attribute(project, "NAMES") == str(names)
    assert attribute(project, "SHARED") == str(["baseline"] * len(names))
    assert attribute(project, "SOURCES") == build.sources_digest(project / BUILD.parent)


@pytest.mark.slow
def test_only_what_changed_is_compiled_again(project: Path) -> None:
    def objects() -> dict[str, int]:
        found = [path for path in (project / "build").rglob("*") if path.suffix in (".o", ".obj")]
        return {str(path): path.stat().st_mtime_ns for path in found}

    source = project / BUILD.parent
    assert run(project, str(BUILD)).returncode == 0
    first = objects()
    assert run(project, str(BUILD)).returncode == 0
    assert objects() == first
    (source / "kernels.cpp").write_text(SOURCES["kernels.cpp"].replace("return TEXT", 'return "new " TEXT'))
    assert run(project, str(BUILD)).returncode == 0
    assert {Path(name).parent.name for name, time in objects().items() if first[name] == time} == set()
    assert attribute(project, "NAMES").startswith("['new', 'baseline'")


def test_a_build_that_is_not_wanted_is_left_out(project: Path) -> None:
    done = wheel(project, **{build.VARIABLE: "0"})
    assert done.returncode == 0
    assert WARNING not in done.stderr
    assert [path.name for path in (project / "built").iterdir()] == ["small-1-py3-none-any.whl"]


@pytest.mark.slow
def test_without_a_compiler_a_wheel_is_made_with_a_warning(project: Path) -> None:
    done = wheel(project, **NO_COMPILER)
    assert done.returncode == 0
    assert WARNING in done.stderr
    assert "/bin/false" in done.stderr
    assert "install" in done.stderr
    assert [path.name for path in (project / "built").iterdir()] == ["small-1-py3-none-any.whl"]


@pytest.mark.slow
def test_a_required_build_without_a_compiler_fails(project: Path) -> None:
    done = wheel(project, **NO_COMPILER, **{build.VARIABLE: "1"})
    assert done.returncode == 1
    assert f"{build.VARIABLE}=1: {build.MODULE} cannot be built" in done.stderr
    assert not list(project.glob("built/*.whl"))


def test_sources_that_are_wrong_are_an_error_for_developers(project: Path) -> None:
    (project / BUILD.parent / "levels.pxi").write_text("def broken(:\n")
    done = run(project, str(BUILD))
    assert done.returncode == 1
    assert f"{build.MODULE} cannot be built" in done.stderr


def test_another_setting_is_refused(project: Path) -> None:
    done = wheel(project, **{build.VARIABLE: "yes"})
    assert done.returncode == 1
    assert f"{build.VARIABLE}=yes: set it to 1" in done.stderr


def test_an_editable_install_that_cannot_build_leaves_no_old_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> Path:
        raise OSError("no compiler " + "x" * 1000)

    old = tmp_path / f"core{sysconfig.get_config_var('EXT_SUFFIX')}"
    (tmp_path / "core.abi3.so").touch()
    old.touch()
    (tmp_path / "core.pyi").touch()
    monkeypatch.setattr(build, "PACKAGE", tmp_path)
    monkeypatch.setattr(build, "build", fail)
    monkeypatch.delenv(build.VARIABLE, raising=False)
    hook = build.CoreHook("", {}, None, None, "", "wheel")  # type: ignore[arg-type]
    hook.initialize("editable", {})
    hook.finalize("editable", {}, "")
    assert [path.name for path in tmp_path.iterdir()] == ["core.pyi"]
    warning = capsys.readouterr().err
    assert warning.startswith(f"warning: {build.MODULE} cannot be built: OSError: no compiler")
    assert len(warning) < 600
