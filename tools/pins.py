"""Write constraints.txt anew, and check that every pin has a wheel for every platform Nacre promises.

    python do.py pins            resolve on this Python, write constraints.txt, print what is missing
    python do.py pins --check    check the pins that are there, write nothing
    python do.py pins --keep     as without it, but pins that nothing asks for any more are kept

Resolve on the oldest Python supported: a version that dropped it would shut users out. The file holds
`name==version` only, so that it says nothing of where the wheels came from.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PINS = HERE / "constraints.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_GLIBC = ("manylinux1", "manylinux2010", "manylinux2014", *(f"manylinux_2_{minor}" for minor in range(5, 29)))
PLATFORMS = {
    "linux x86_64": [f"{tag}_x86_64" for tag in _GLIBC],
    "linux aarch64": [f"{tag}_aarch64" for tag in _GLIBC],
    "windows amd64": ["win_amd64"],
    "macos arm64": ["macosx_14_0_arm64"],
    "macos x86_64": ["macosx_14_0_x86_64"],
}
# what some package wants on another system than the one that resolves
_ELSEWHERE = """
import importlib.metadata as m
from packaging.requirements import Requirement
have = {d.metadata["Name"].lower().replace("_", "-") for d in m.distributions()}
for d in m.distributions():
    for text in d.requires or ():
        r = Requirement(text)
        for system, platform in (("Windows", "win32"), ("Darwin", "darwin"), ("Linux", "linux")):
            for python in ("3.11", "3.14"):
                there = {"extra": "", "platform_system": system, "sys_platform": platform, "python_version": python,
                         "python_full_version": python + ".0", "os_name": "nt" if system == "Windows" else "posix"}
                wanted = r.marker and r.marker.evaluate(there)
                if wanted and r.name.lower().replace("_", "-") not in have:
                    print(r.name + str(r.specifier))
"""


def pip(python, *words, check=True):
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    return subprocess.run(command, check=check, capture_output=True, text=True, cwd=HERE)


def requirements() -> list[str]:
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    return [*project["dependencies"], *(text for extra in extras for text in extra), "packaging"]


def resolve(folder: Path) -> list[str]:
    """`name==version` of all that the project and its extras need, here and on the other systems."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip(python, "install", "--quiet", "--only-binary=:all:", *requirements())
    elsewhere = subprocess.run([str(python), "-c", _ELSEWHERE], check=True, capture_output=True, text=True).stdout
    if elsewhere.strip():
        pip(python, "install", "--quiet", "--only-binary=:all:", *sorted(set(elsewhere.split("\n")) - {""}))
    listed = pip(python, "list", "--format=freeze", "--exclude", "pip", "--exclude", "setuptools").stdout
    return sorted((line.strip() for line in listed.splitlines() if "==" in line), key=str.lower)


def read_pins() -> list[str]:
    lines = PINS.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def wheels(pins: list[str], python: str, platform: str, folder: Path) -> dict[str, str]:
    """Pin -> file name of its wheel for one Python and platform, "" where there is none."""
    target = [word for tag in PLATFORMS[platform] for word in ("--platform", tag)]
    words = ["install", "--dry-run", "--quiet", "--ignore-installed", "--no-deps", "--only-binary=:all:"]
    words += ["--target", str(folder / "target"), "--python-version", python, *target, "--report"]
    found, todo, report = dict.fromkeys(pins, ""), list(pins), folder / "report.json"
    while todo:
        done = pip(sys.executable, *words, str(report), *todo, check=False)
        if done.returncode == 0:
            rows = json.loads(report.read_text(encoding="utf-8"))["install"]
            names = {_same(row["metadata"]["name"]): row["download_info"]["url"].rsplit("/", 1)[-1] for row in rows}
            return found | {pin: names.get(_same(pin.partition("==")[0]), "") for pin in todo}
        lost = [pin for pin in todo if f"No matching distribution found for {pin}" in done.stderr]
        if not lost:
            sys.exit(f"pins: pip failed for Python {python} on {platform}: {done.stderr.strip()[-500:]}")
        todo = [pin for pin in todo if pin not in lost]
    return found


def _same(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def missing(pins: list[str], folder: Path) -> dict[str, list[str]]:
    """Pin -> places without a wheel. A wheel for any system is asked for once per Python."""
    lost: dict[str, list[str]] = {}
    first, *others = PLATFORMS
    for python in PYTHONS:
        here = wheels(pins, python, first, folder)
        compiled = [pin for pin in pins if not here[pin].endswith("-none-any.whl")]
        tables = {first: here} | {platform: wheels(compiled, python, platform, folder) for platform in others}
        for platform, table in tables.items():
            for pin in (pin for pin, wheel in table.items() if not wheel):
                lost.setdefault(pin, []).append(f"{python} {platform}")
        print(f"Python {python}: {len(pins)} pins, {len(compiled)} compiled", flush=True)
    return lost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="check the pins that are there, write nothing")
    parser.add_argument("--keep", action="store_true", help="keep pins that nothing asks for any more")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pins = read_pins() if chosen.check else resolve(folder)
        if chosen.keep and not chosen.check:
            known = {_same(pin.partition("==")[0]) for pin in pins}
            pins = sorted([*pins, *(p for p in read_pins() if _same(p.partition("==")[0]) not in known)], key=str.lower)
        if not chosen.check:
            PINS.write_text("\n".join(pins) + "\n", encoding="utf-8", newline="\n")
        lost = missing(pins, folder)
    for pin, places in sorted(lost.items()):
        print(f"{pin:28} no wheel for {', '.join(places)}")
    if lost:
        sys.exit(1)
    print("Every pin has a wheel everywhere.")


if __name__ == "__main__":
    main()
