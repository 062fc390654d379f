"""Sets up `.venv` so that `make demo`, `make test` and `.venv/bin/ddff` run. Standard library only.

Without ROS 2: real rclpy from PyPI, the package's messages built by colcon into `.venv`, and
stand-ins for the ROS packages that PyPI lacks. With a ROS 2 installation sourced: that one, with
the command line's requirements beside it. `--train` adds what training and the tests of the
networks need, and GPU bindings that names are checked against; `--view` the page of `ddff view`;
`--docs` what writes the documentation site. Safe to repeat; nothing is done twice.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Which of `requirements/ros_*.txt`: Jazzy, or another ROS 2 that the tests may run in beside it.
ROS = os.environ.get("DDFF_ROS") or "jazzy"
# Whether with the libraries that Jazzy's Ubuntu has, in place of the newest of each.
OLDEST = os.environ.get("DDFF_OLDEST") == "1"
HOME, RUNTIME = ("oldest", "oldest") if OLDEST else (ROS, "runtime")
VENV = ROOT / (".venv" if HOME == "jazzy" else f".venv-{HOME}")
WORK = ROOT / ".work" / HOME
PYTHON = VENV / "bin" / "python"
PIP_ROS_PYTHON = (3, 11)
# Folder of requirements, what is in it, and the test that wants it.
ASIDES = (
    ("gpu", "the bindings of TensorRT and CUDA", "test/engines/test_tensorrt_api.py"),
    ("encoders", "timm", "test/depth_from_focus/networks/test_network_timm.py"),
)
# PyPI has no wheels of these; `tools/pip_ros` holds stand-ins with the same documented calls.
STAND_INS = ("message_filters", "cv_bridge", "sensor_msgs_py")


def main() -> int:
    try:
        sourced = is_sourced()
        check_machine(sourced)
        make_environment(sourced)
        if "--train" in sys.argv[1:]:
            add("train", "torch and what else training needs (half a minute, a gigabyte)")
            add_asides()
        if "--view" in sys.argv[1:]:
            add("view", "viser, the page of `ddff view` (some seconds)")
        if "--docs" in sys.argv[1:]:
            add("docs", "what writes the documentation site")
        build_messages(sourced)
    except MissingError as error:
        print(f"set-up stopped: {error}", file=sys.stderr)
        return 2
    return 0


def is_sourced() -> bool:
    """Whether a ROS 2 installation is on the paths of this process."""
    return bool(os.environ.get("ROS_DISTRO")) and bool(os.environ.get("AMENT_PREFIX_PATH"))


class MissingError(Exception):
    """Something that only the user can install, named with the command that does it."""


def check_machine(sourced: bool) -> None:
    """Names every missing Debian package before anything is downloaded."""
    known = sorted(file.stem[4:] for file in (ROOT / "requirements").glob("ros_*.txt"))
    if ROS not in known:
        raise MissingError(f"there is no ROS {ROS!r} here; there are: {', '.join(known)}")
    if OLDEST and (sourced or ROS != "jazzy"):
        raise MissingError("OLDEST=1 is for ROS 2 Jazzy from PyPI: leave out ROS, source nothing")
    if not sourced and sys.version_info[:2] != PIP_ROS_PYTHON:
        wanted = ".".join(map(str, PIP_ROS_PYTHON))
        raise MissingError(
            f"ROS 2 from PyPI needs Python {wanted}, this is {sys.version.split()[0]}: install "
            f"python{wanted} and run `make PYTHON=python{wanted}`, or source a ROS 2 installation"
        )
    packages = []
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        packages.append("build-essential")
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        packages.append("g++")
    if importlib.util.find_spec("ensurepip") is None:
        packages.append("python3-venv")
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        packages.append("python3-dev")
    if packages:
        raise MissingError(f"please run `sudo apt install {' '.join(packages)}` first")


def make_environment(sourced: bool) -> None:
    names = ["sourced"] if sourced else [f"ros_{ROS}", RUNTIME, "engines", "cli", "sim", "dev"]
    files = [ROOT / "requirements" / f"{name}.txt" for name in names]
    key = digest([*files, ROOT / "setup.py", Path(__file__)], sys.version, str(sourced), str(ROOT))
    stamp = VENV / ".requirements-stamp"
    if is_current(stamp, key):
        return
    if not is_usable():
        say(f"making the virtual environment {VENV.name}")
        # A folder that was moved, or left half made, is not repaired but made anew.
        builder = venv.EnvBuilder(with_pip=True, system_site_packages=sourced, clear=True)
        builder.create(VENV)
    say("installing pinned requirements (about a minute the first time)")
    install(files)
    if not sourced:
        repair_cmake_files()
    link_checkout()
    write_wrappers()
    stamp.write_text(key)


def add(name: str, what: str) -> None:
    """The packages of `requirements/<name>.txt`, which the demo and a robot go without."""
    file = ROOT / "requirements" / f"{name}.txt"
    key = digest([file], (VENV / ".requirements-stamp").read_text())
    stamp = VENV / f".{name}-stamp"
    if is_current(stamp, key):
        return
    say(f"installing {what}")
    # What is added may want a newer NumPy, which the messages are not built against.
    pins = [] if is_sourced() else ["-c", ROOT / "requirements" / f"{RUNTIME}.txt"]
    install([file], *pins)
    stamp.write_text(key)


def add_asides() -> None:
    """Packages that single tests look at, each file of `requirements/gpu` (TensorRT's and CUDA's
    Python bindings) and `requirements/encoders` (timm) in a folder of its own, which nothing else
    has on its path. A few seconds.
    """
    for name, what, test in ASIDES:
        files = sorted((ROOT / "requirements" / name).glob("*.txt"))
        key = digest([*files, Path(__file__)], sys.version)
        stamp = VENV / f".{name}-stamp"
        if is_current(stamp, key):
            continue
        say(f"fetching {what}")
        shutil.rmtree(VENV / name, ignore_errors=True)
        try:
            for file in files:
                install([file], "--no-deps", "--target", VENV / name / file.stem)
        except MissingError as error:
            # Not every processor has these wheels, and only one test wants them.
            say(f"{error}; {test} will be skipped")
            continue
        stamp.write_text(key)


def install(files: list[Path], *options: object) -> None:
    arguments = [item for file in files for item in ("-r", str(file))]
    # Of 15,000 files hardly a fifth is ever imported: Python compiles those when they are, and
    # compiling all of them is most of what is left where the wheels are at hand.
    pip = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile")
    run(PYTHON, *pip, *options, *arguments)


def is_usable() -> bool:
    """Whether `.venv` runs and was made at this place: scripts in it hold its path."""
    script = VENV / "bin" / "pip"
    if not PYTHON.exists() or not script.is_file():
        return False
    return str(VENV) in script.read_text(errors="replace").splitlines()[0]


def build_messages(sourced: bool) -> None:
    """Lets colcon build the messages into `.venv`, which is the ROS prefix."""
    sources = sorted([*(ROOT / "msg").glob("*"), *(ROOT / "srv").glob("*")])
    key = digest([*sources, ROOT / "CMakeLists.txt", ROOT / "package.xml"], str(sourced), str(ROOT))
    stamp = VENV / ".messages-stamp"
    if is_current(stamp, key):
        return
    say("building the messages with colcon")
    environment = dict(os.environ)
    if not sourced:
        environment["AMENT_PREFIX_PATH"] = environment["CMAKE_PREFIX_PATH"] = str(VENV)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    colcon = shutil.which("colcon", path=environment["PATH"])
    if colcon is None:
        raise MissingError("please run `sudo apt install python3-colcon-common-extensions` first")
    WORK.mkdir(parents=True, exist_ok=True)
    log = WORK / "colcon.log"
    build, flags = WORK / "build", ["-DBUILD_TESTING=OFF", "-DDDFF_INSTALL_MODULES=OFF"]
    shutil.rmtree(build, ignore_errors=True)
    arguments = ["--log-base", str(WORK / "log"), "build", "--base-paths", str(ROOT)]
    arguments += ["--build-base", str(build), "--install-base", str(VENV), "--merge-install"]
    arguments += ["--cmake-args", f"-DPython3_EXECUTABLE={PYTHON}", *flags]
    with log.open("w") as output:
        status = subprocess.run(
            [colcon, *arguments],
            cwd=WORK,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if status != 0:
        raise MissingError(f"the messages did not build; the reason is at the end of {log}")
    stamp.write_text(key)


def repair_cmake_files() -> None:
    """The wheels' CMake files name the folders of the machine that built them: name ours."""
    numpy_include = output_of(PYTHON, "-c", "import numpy; print(numpy.get_include())")
    python_include = output_of(
        PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('include'))"
    )
    for file in (VENV / "share").glob("*/cmake/*.cmake"):
        text = file.read_text()
        parts = text.split("/opt/python/")
        if len(parts) == 1:
            continue
        repaired = parts[0]
        for part in parts[1:]:
            end = next((i for i, char in enumerate(part) if char in ';" \n)'), len(part))
            path = part[:end]
            repaired += numpy_include if "numpy" in path else python_include
            repaired += part[end:]
        file.write_text(repaired)


def link_checkout() -> None:
    """The checkout comes before the generated messages; stand-ins come after everything."""
    site = Path(
        output_of(PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    lines = [f"import sys; sys.path.insert(0, {str(ROOT)!r})"]
    # The last run's file would make the stand-ins themselves be found.
    (site / "ddff_perception_checkout.pth").unlink(missing_ok=True)
    probe = f"import importlib.util as u; print(all(u.find_spec(n) for n in {STAND_INS!r}))"
    if output_of(PYTHON, "-c", probe) != "True":
        lines.append(str(ROOT / "tools" / "pip_ros"))
    (site / "ddff_perception_checkout.pth").write_text("\n".join(lines) + "\n")


def write_wrappers() -> None:
    """`.venv/bin/ddff` and `.venv/bin/ddff-env COMMAND`, with the libraries of `.venv` found."""
    environment = (
        "#!/bin/sh\n"
        f'export AMENT_PREFIX_PATH="{VENV}${{AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}}"\n'
        f'export LD_LIBRARY_PATH="{VENV}/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"\n'
        f'export PATH="{VENV}/bin:$PATH"\n'
    )
    commands = {"ddff": f'exec "{PYTHON}" -m ddff_perception.cli "$@"\n', "ddff-env": 'exec "$@"\n'}
    for name, command in commands.items():
        file = VENV / "bin" / name
        file.write_text(environment + command)
        file.chmod(0o755)


def digest(files: list[Path], *texts: str) -> str:
    total = hashlib.sha256("\0".join(texts).encode())
    for file in files:
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def is_current(stamp: Path, key: str) -> bool:
    return stamp.is_file() and stamp.read_text() == key


def output_of(*command: object) -> str:
    return subprocess.run(
        [str(part) for part in command], cwd=VENV, capture_output=True, text=True, check=True
    ).stdout.strip()


def run(*command: object) -> None:
    if subprocess.run([str(part) for part in command], check=False).returncode != 0:
        raise MissingError(f"this command failed: {' '.join(str(part) for part in command)}")


def say(text: str) -> None:
    print(f"[set-up] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
