"""Builds `detector.backend.core`, the compiled backend, from the C++ and Cython sources in this folder.

Hatchling runs `CoreHook` when it makes a wheel or an editable install. After a change of a source, this builds the
module in the checkout, beside the package, and compiles only what changed:

    python detector/backend/source/build.py

The environment variable ``DETECTOR_BUILD_CORE`` says what an install does. Unset, it tries: where that fails, a warning
says why, and the package is installed without the module. Set to 1, a failure is an error; set to 0, nothing is built.

`KERNELS` is compiled once per `Level`, and the module chooses among them when it is loaded. So it runs on every
processor of its architecture, and no flag depends on the processor of the machine that compiles it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

VARIABLE = "DETECTOR_BUILD_CORE"
MODULE = "detector.backend.core"
SOURCE = Path(__file__).resolve().parent
PACKAGE = SOURCE.parent
OBJECTS = PACKAGE.parent.parent / "build" / "core" / str(sysconfig.get_config_var("EXT_SUFFIX")).strip(".")
BINDING, KERNELS = "core.pyx", "kernels.cpp"
# CPython's stable interface, so that one module serves all later versions. Buffers are in it since 3.11. Builds without
# the global lock do not have it.
LIMITED = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
LIMITED_MACROS = (("Py_LIMITED_API", "0x030B0000"), ("CYTHON_LIMITED_API", "1")) if LIMITED else ()
UNIX_FLAGS = (
    *("-std=c++17", "-O3", "-g0", "-fno-lto", "-fvisibility=hidden", "-fvisibility-inlines-hidden"),
    # scores are the same on every machine: no operation is fused or reordered, whatever CFLAGS says
    *("-fno-fast-math", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
)
MSVC_FLAGS = ("/std:c++17", "/O2", "/fp:precise", "/EHsc")
REMEDY = (
    "To have it, install what is missing, such as a C++17 compiler (CXX may name it); then install this package again, "
    "with pip's options --force-reinstall and --no-cache-dir"
)

Macros = tuple[tuple[str, str | None], ...]


class Level(NamedTuple):
    """A set of instructions that `KERNELS` is compiled for."""

    name: str
    unix: tuple[str, ...] = ()  # flags of GCC and Clang
    msvc: tuple[str, ...] | None = ()  # None: MSVC has no such flag


BASELINE = Level("baseline")
X86_LEVELS = (  # from the oldest processors to the newest
    BASELINE,
    Level("sse4", ("-msse4.2", "-mpopcnt"), None),
    Level("avx2", ("-mavx2", "-mbmi", "-mbmi2", "-mpopcnt"), ("/arch:AVX2",)),
    Level(
        "avx512",
        (
            *("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mavx512vbmi", "-mavx512vbmi2"),
            *("-mbmi", "-mbmi2", "-mpopcnt", "-mprefer-vector-width=512"),
            *("-Wno-maybe-uninitialized", "-Wno-unknown-warning-option"),  # GCC 12 warns of its own headers
        ),
        ("/arch:AVX512",),
    ),
)


class Unit(NamedTuple):
    """A C++ file to compile, and how. The path of the file may be relative to `SOURCE`."""

    source: Path
    objects: Path  # the folder of its object file
    macros: Macros
    flags: tuple[str, ...]


def sources_digest(folder: Path) -> str:
    """The SHA-256 of the names and contents of all files in a folder but hidden ones, as hexadecimal digits."""
    files = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return _digest(sorted(files, key=lambda path: path.name))


def _digest(paths: Iterable[Path], settings: str = "") -> str:
    state = hashlib.sha256(settings.encode())
    for path in paths:
        content = path.read_bytes()
        state.update(f"\0{path.name}\0{len(content)}\0".encode() + content)
    return state.hexdigest()


def architectures() -> set[str]:
    """What is compiled for, like ``x86_64``; on macOS, ``ARCHFLAGS`` may name more than one."""
    if sys.platform == "darwin":
        # some Pythons compile for both kinds of Mac, but Hatchling names the wheel after this one or after ARCHFLAGS
        flags = os.environ.setdefault("ARCHFLAGS", f"-arch {platform.machine()}")
        return set(re.findall(r"-arch\s+(\S+)", flags))
    return {sysconfig.get_platform().rpartition("-")[2]}


def levels(machines: set[str], msvc: bool) -> tuple[Level, ...]:
    """The levels to compile. All architectures of a module are compiled at once, so several have only the baseline."""
    if machines not in ({"x86_64"}, {"amd64"}):
        return (BASELINE,)
    return tuple(level for level in X86_LEVELS if not msvc or level.msvc is not None)


def _units(objects: Path, binding: Path, machines: set[str], msvc: bool) -> Iterator[Unit]:
    """All files to compile, in the order in which they are linked.

    Where several objects define the same inline function, a linker takes the first one. So an object stands before
    those whose instructions fewer processors have.
    """
    chosen = levels(machines, msvc)
    macros: Macros = (("NDEBUG", None), *((f"DETECTOR_HAS_{level.name.upper()}", None) for level in chosen))
    flags = MSVC_FLAGS if msvc else (*UNIX_FLAGS, f"-ffile-prefix-map={objects}=.")
    digest = ("DETECTOR_SOURCES", f'"{sources_digest(SOURCE)}"')
    yield Unit(binding, objects / "binding", (*macros, digest, *LIMITED_MACROS), flags)
    for source in sorted(Path().glob("*.cpp")):
        if source.name != KERNELS:
            yield Unit(source, objects, (*macros, digest) if source.name == "core.cpp" else macros, flags)
    for level in chosen:
        own = (level.msvc or ()) if msvc else level.unix
        yield Unit(Path(KERNELS), objects / level.name, (*macros, ("DETECTOR_LEVEL", level.name)), (*flags, *own))


def _unchanged(stamp: Path, digest: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == digest


def _generate(objects: Path) -> Path:
    """Translate `BINDING` to C++; returns the path of the result."""
    from Cython.Build import cythonize
    from setuptools import Extension

    folder = objects / "binding"
    generated, stamp = folder / "core.cpp", folder / "core.cpp.digest"
    digest = _digest([Path(BINDING), *sorted(Path().glob("*.pxi"))], version("cython"))
    if not (generated.is_file() and _unchanged(stamp, digest)):
        extension = Extension(MODULE, [BINDING], language="c++")
        cythonize([extension], build_dir=str(folder), force=True, quiet=True)
        stamp.write_text(digest, encoding="utf-8")
    for header in folder.glob("*.hpp"):  # copies that Cython made: compilers would read them, also when they are old
        header.unlink()
    return generated


def _compile(compiler: Any, include: list[str], unit: Unit) -> str:
    """Compile a file, unless nothing changed that its object depends on; returns the path of the object."""
    arguments: dict[str, Any] = {"output_dir": str(unit.objects)}
    compiled = str(compiler.object_filenames([str(unit.source)], **arguments)[0])
    settings = (getattr(compiler, "compiler_so_cxx", None), getattr(compiler, "compiler_so", None), include, unit)
    digest = _digest([unit.source, *sorted(Path().glob("*.hpp"))], repr(settings))
    stamp = Path(f"{compiled}.digest")
    if not (Path(compiled).is_file() and _unchanged(stamp, digest)):
        arguments |= {"macros": list(unit.macros), "extra_postargs": list(unit.flags)}
        compiler.compile([str(unit.source)], include_dirs=[".", *include], **arguments)
        stamp.write_text(digest, encoding="utf-8")
    return compiled


def _compile_and_link(command: Any, extension: Any, objects: Path) -> None:
    """What setuptools' ``build_ext`` does for an extension. It cannot compile a file more than once by itself."""
    compiler = command.compiler
    msvc = compiler.compiler_type == "msvc"
    if msvc and not compiler.initialized:
        compiler.initialize(command.plat_name)
    units = _units(objects, _generate(objects), architectures(), msvc)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        compiled = list(threads.map(lambda unit: _compile(compiler, extension.include_dirs, unit), units))
    compiler.link_shared_object(
        compiled,
        command.get_ext_fullpath(extension.name),
        libraries=command.get_libraries(extension),
        library_dirs=extension.library_dirs,
        export_symbols=command.get_export_symbols(extension),
        extra_postargs=["-Wl,-s"] if sys.platform == "linux" else [],
        target_lang="c++",
    )


def build(objects: Path, modules: Path) -> Path:
    """Compile and link the module; returns its path below ``modules``. Objects that are still right are used again.

    Raises whatever Cython, setuptools and the compiler raise.
    """
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    class BuildCore(build_ext):
        def build_extension(self, ext: Any) -> None:
            _compile_and_link(self, ext, objects)

    architectures()  # on macOS, this is what the compiler is set up for
    extension = Extension(MODULE, [], language="c++", py_limited_api=LIMITED)
    command = BuildCore(Distribution({"name": MODULE, "ext_modules": [extension]}))
    command.build_lib, command.build_temp = str(modules), str(objects)
    command.ensure_finalized()
    with contextlib.chdir(SOURCE):  # sources have relative names, also inside of objects
        command.run()
    return Path(command.get_ext_fullpath(MODULE))


def build_in_place() -> Path:
    """Build the module beside the package in the checkout; returns its path."""
    built = build(OBJECTS, OBJECTS)
    scratch = PACKAGE / f"core.{os.getpid()}{built.suffix}"
    shutil.copy2(built, scratch)
    return scratch.replace(PACKAGE / built.name)  # a process that has loaded the old one keeps it


def try_to(build_somewhere: Callable[[], Path]) -> Path | None:
    """The path of the module, or None where it is not to be built, or cannot be."""
    setting = os.environ.get(VARIABLE, "")
    if setting not in ("", "0", "1"):
        raise SystemExit(f"{VARIABLE}={setting}: set it to 1 (required) or 0 (not built), or unset it (tried)")
    if setting == "0":
        return None
    try:
        return build_somewhere()
    except Exception as error:  # whatever Cython, setuptools and the compiler raise
        message = str(error).rstrip(".")
        if len(message) > 200:  # a whole command
            message = f"{message[:100]} … {message[-60:]}"
        reason = f"{MODULE} cannot be built: {type(error).__name__}: {message}"
        if setting == "1":
            raise SystemExit(f"{VARIABLE}=1: {reason}. {REMEDY}.") from error
        print(f"warning: {reason}. NumPy computes the same, several times more slowly. {REMEDY}.", file=sys.stderr)
        return None


class CoreHook(BuildHookInterface[BuilderConfig]):
    """Puts the module into a wheel, or beside the package for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the module, and name the wheel after what it runs on."""
        if version == "editable":
            if try_to(build_in_place) is None:
                for old in (*PACKAGE.glob("core.*so"), *PACKAGE.glob("core.*pyd")):
                    old.unlink()  # it may be of other sources
            return
        self._scratch = tempfile.TemporaryDirectory()
        folder = Path(self._scratch.name)
        module = try_to(lambda: build(folder / "objects", folder / "modules"))
        if module is None:
            return
        builder = self.build_config.builder
        if not isinstance(builder, WheelBuilder):
            raise TypeError(f"{type(builder).__name__} builds no wheel: name this hook in the settings of wheels alone")
        own = builder.get_best_matching_tag()
        build_data["tag"] = f"cp311-abi3-{own.rpartition('-')[2]}" if LIMITED else own
        build_data["pure_python"] = False
        build_data["force_include"][str(module)] = f"detector/backend/{module.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what is only needed while the wheel is written."""
        if version != "editable":
            self._scratch.cleanup()


if __name__ == "__main__":
    os.environ[VARIABLE] = "1"
    print(try_to(build_in_place))
