# SPDX-License-Identifier: Apache-2.0
"""Names of the RTL's enumerations, read from its sources, as filter files of GTKWave."""

import re
from functools import cache
from pathlib import Path

from models.die.shape import LANES
from models.golden.stage import Stage
from tb.rig.rtl import Package

ENUM = re.compile(r"typedef enum logic(?: \[(\d+):0\])? \{(.*?)\} (\w+);", re.DOTALL)
MEMBER = re.compile(r"(\w+)(?:\s*=\s*\d+'d(\d+))?")
INSTANCE = re.compile(r"^ *(\w+) (?:#\((?:.|\n)*?\n *\) )?(u_\w+) \(", re.MULTILINE)


class Names:
    """Filter files in ``folder``, made as they are asked for, for the modules in ``hdl`` and further ``sources``."""

    def __init__(self, hdl: Path, folder: Path, sources: tuple[Path, ...] = ()) -> None:
        files = [*hdl.glob("*.sv"), *(file for file in map(Path, sources) if file.suffix == ".sv")]
        self.text = {file.stem: file.read_text(encoding="utf-8") for file in files}
        self.hdl, self.folder = hdl, folder

    def module(self, scope: str) -> list[str]:
        """The modules that an instance may be: more than one where views of it share a name."""
        modules = [scope.split(".")[0]]
        for part in scope.split(".")[1:]:
            if part.startswith("u_"):  # else a generate block, which is its parent's
                modules = [
                    made
                    for module in modules
                    for made, instance in INSTANCE.findall(self.text.get(module, ""))
                    if instance == part
                ]
        return modules

    def states(self, scope: str) -> Path | None:
        """The states of the machine in a scope."""
        for module in self.module(scope):
            for width, members, name in ENUM.findall(self.text.get(module, "")):
                if name == "state_e":
                    return self._file(f"{module}.{name}", _values(members), int(width or 0) + 1)
        return None

    def ends(self) -> Path:
        """Why a generation ended."""
        package = self.package()
        return self._file("end_e", {v: name for name, v in package.enum("end_e").items()}, package.width("end_e"))

    @cache  # noqa: B019  an object a trace
    def package(self, lanes: int = LANES) -> Package:
        """The constants and types of a die with so wide streams."""
        return Package(self.hdl / "cartridge_pkg.sv", LANES=lanes)

    def stages(self) -> Path:
        """The stages of docs/formats.md."""
        return self._file("stage", {stage: stage.name.lower() for stage in Stage}, 8)

    def _file(self, name: str, values: dict[int, str], width: int) -> Path:
        path = self.folder / f"{name}.names"
        path.write_text("".join(f"{value:0{-(-width // 4)}x} {text}\n" for value, text in values.items()))
        return path


def _values(members: str) -> dict[int, str]:
    """The names of an enumeration's values."""
    values, value = {}, 0
    for name, given in MEMBER.findall(re.sub(r"//.*", "", members)):
        value = int(given) if given else value
        values[value] = name
        value += 1
    return values
