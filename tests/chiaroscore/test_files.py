"""Files are written whole or not at all, and what was there before stays."""

from __future__ import annotations

import errno
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from chiaroscore import InputError, cache_dir, check_writable, replace_folder, write_bytes, write_text


def names(folder: pathlib.Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(os.listdir(folder))


def full_after(monkeypatch: pytest.MonkeyPatch, calls: int, error: BaseException | None = None) -> None:
    """Make the disk full at the next call of fsync but ``calls``."""
    left = [calls]

    def fsync(number: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise error or OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)


def test_write_bytes_makes_folders_and_keeps_to_the_umask(tmp_path: pathlib.Path) -> None:
    before = os.umask(0o027)
    try:
        path = write_bytes(tmp_path / "a" / "b" / "x.bin", b"\0\1")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"\0\1"
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(path.parent) == ["x.bin"]


def test_write_text_is_utf8_with_the_line_ends_given(tmp_path: pathlib.Path) -> None:
    assert write_text(tmp_path / "x.abc", "T:Élégie\nK:C\r\n").read_bytes() == "T:Élégie\nK:C\r\n".encode()


def test_write_bytes_replaces_a_file_in_one_step(tmp_path: pathlib.Path) -> None:
    path = write_bytes(tmp_path / "x", b"old")
    with path.open("rb") as reader:
        write_bytes(path, b"new and longer")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new and longer"


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()], ids=["full disk", "Ctrl-C"])
def test_a_write_that_fails_leaves_everything_as_it_was(
    error: BaseException | None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes(tmp_path / "x", b"old")
    full_after(monkeypatch, 0, error)
    with pytest.raises(KeyboardInterrupt if error else InputError) as caught:
        write_bytes(tmp_path / "x", b"new")
    if error is None:
        assert "No space left" in str(caught.value) and repr(str(tmp_path / "x")) in str(caught.value)
    assert names(tmp_path) == ["x"] and (tmp_path / "x").read_bytes() == b"old"
    with pytest.raises(KeyboardInterrupt if error else InputError):
        write_bytes(tmp_path / "new" / "deep" / "x", b"new")
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_a_folder_is_replaced_whole_or_not_at_all(
    calls: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    replace_folder(out, {"a": b"1", "b": b"2"})
    (out / "own.txt").write_text("mine")
    full_after(monkeypatch, calls)
    with pytest.raises(InputError, match="No space left"):
        replace_folder(out, {"a": b"new", "b": b"new", "c": b"new"})
    assert names(out) == ["a", "b", "own.txt"]
    assert [(out / name).read_bytes() for name in names(out)] == [b"1", b"2", b"mine"]


def test_replace_folder_writes_in_order_and_keeps_other_files(tmp_path: pathlib.Path) -> None:
    (tmp_path / "own.txt").write_text("mine")
    written = replace_folder(tmp_path, {"b": b"2", "a": b"1"})
    assert written == [tmp_path / "b", tmp_path / "a"]
    assert names(tmp_path) == ["a", "b", "own.txt"]


def test_folders_made_for_a_failed_write_are_taken_away(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_after(monkeypatch, 1)
    with pytest.raises(InputError):
        replace_folder(tmp_path / "new" / "deep", {"a": b"1", "b": b"2"})
    assert names(tmp_path) == []


def test_a_folder_in_the_place_of_a_file_is_found_before_anything_moves(tmp_path: pathlib.Path) -> None:
    replace_folder(tmp_path, {"a": b"old"})
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="'b' in it is a folder"):
        replace_folder(tmp_path, {"a": b"new", "b": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old" and names(tmp_path) == ["a", "b"]


BAD_PLACES = ["file/x", "file/x/y", "/proc/none-such/x", "/dev/null/x", "n" * 300 + "/x", "nul\0/x"]


@pytest.mark.parametrize("place", BAD_PLACES, ids=[repr(place[:20]) for place in BAD_PLACES])
@pytest.mark.parametrize("write", ["check", "bytes", "folder"])
def test_places_that_cannot_be_written(place: str, write: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("mine")
    given = tmp_path / place
    writers: dict[str, Callable[[], Any]] = {
        "check": lambda: check_writable(given),
        "bytes": lambda: write_bytes(given, b"x"),
        "folder": lambda: replace_folder(given, {"a": b"x"}),
    }
    with pytest.raises(InputError, match="cannot write"):
        writers[write]()
    assert names(tmp_path) == ["file"] and (tmp_path / "file").read_text() == "mine"


def test_check_writable_leaves_no_trace(tmp_path: pathlib.Path) -> None:
    check_writable(tmp_path)
    check_writable(tmp_path / "not" / "yet" / "there")
    assert names(tmp_path) == []
    with pytest.raises(InputError, match="it is a file"):
        check_writable(write_bytes(tmp_path / "x", b""))


def test_cache_dir_follows_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("CHIAROSCORE_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.setenv("CHIAROSCORE_CACHE", "")
    assert cache_dir().name == "chiaroscore"
