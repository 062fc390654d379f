"""NVIDIA's own Python bindings, imported without a GPU and without TensorRT.

`make setup-train` fetches them into `.venv/gpu`. They want three shared libraries; here are such,
compiled from a few lines, with the entry points that the bindings ask for and nothing behind them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
BINDINGS = Path(sys.prefix) / "gpu"
LIBRARIES = {
    "nvinfer": ("createInfer", "getBuilderPluginRegistry", "getPluginRegistry"),
    "nvinfer_plugin": ("initLibNvInferPlugins",),
    "nvonnxparser": ("createNvOnnxParser", "getNvOnnxParserVersion"),
}
PROBE = """
import json, sys
import tensorrt_bindings as library
found = {}
for name in sorted(vars(library)):
    kind = getattr(library, name)
    if isinstance(kind, type):
        found[name] = {m: str(getattr(getattr(kind, m), "__doc__", "")) for m in dir(kind)}
nested = library.ILogger.Severity
found["Severity"] = {m: "" for m in dir(nested)}
json.dump({"version": library.__version__, "classes": found}, sys.stdout)
"""


def versions() -> list[str]:
    """Folders of the bindings that are here, such as `tensorrt_11`."""
    return sorted(path.name for path in BINDINGS.glob("tensorrt_*"))


def wanted_symbols(binary: Path) -> list[str]:
    """What the bindings want from TensorRT's libraries."""
    shown = subprocess.run(
        ["nm", "-D", "--undefined-only", str(binary)], capture_output=True, text=True, check=True
    ).stdout
    return sorted(
        set(re.findall(r"U ((?:create|get|init)(?:Infer|Nv|Builder|Plugin|Lib)\w+)", shown))
    )


def make_libraries(version: str, folder: Path) -> Path:
    """Compiles the three libraries for the bindings in `version` and returns their folder."""
    binary = next((BINDINGS / version).glob("tensorrt_bindings/tensorrt*.so"))
    needed = subprocess.run(
        ["readelf", "-d", str(binary)], capture_output=True, text=True, check=True
    ).stdout
    symbols = wanted_symbols(binary)
    given: set[str] = set()
    for name, starts in LIBRARIES.items():
        soname = re.search(rf"\[(lib{name}\.so\.\d+)\]", needed).group(1)
        ours = [symbol for symbol in symbols if symbol.startswith(starts)]
        given |= set(ours)
        source = folder / f"{name}.c"
        source.write_text("".join(f"void *{symbol}(void) {{ return 0; }}\n" for symbol in ours))
        command = [shutil.which("gcc") or "cc", "-shared", "-fPIC", f"-Wl,-soname,{soname}"]
        subprocess.run([*command, "-o", str(folder / soname), str(source)], check=True)
    assert given == set(symbols)
    return folder


def run_with(version: str, libraries: Path, code: str, *arguments: str) -> str:
    """The output of `code` in a Python that finds these bindings."""
    paths = [str(BINDINGS / version), str(BINDINGS / "cuda"), str(ROOT)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "LD_LIBRARY_PATH": os.pathsep.join(
            [str(libraries), os.environ.get("LD_LIBRARY_PATH", "")]
        ).rstrip(os.pathsep),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def probe(version: str, libraries: Path) -> dict[str, Any]:
    """Version, and every class of the bindings with its members and their signatures."""
    return json.loads(run_with(version, libraries, PROBE))
