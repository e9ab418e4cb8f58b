"""Writing files so that a crash at any instant leaves the old one or the new one, never a half.

Used by everything that writes a file of the user's: runs, models, metrics, exports, pictures.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

if os.name == "posix":
    import fcntl

_SUFFIX = ".part"
_PIECE = 1 << 22  # bytes written at a time, so that other threads get their turn in between


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of `path` when the block ends without an exception.

    It is written beside the target under another name, flushed to the disk and renamed, and the
    rename is flushed too. After an exception the old file stands as it was. A link is followed.
    What a killed program left of an earlier try is removed. OSError as the system gives it.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(target))
    if not is_replaceable(target):
        raise OSError(errno.EINVAL, "it is no regular file", str(target))
    remove_remains(target)
    handle, name = _own_part(target)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if os.name == "posix":
                # Under the lock: nobody may take it for the remains of a dead program.
                part.chmod(_mode_for(target))
                part.replace(target)
        if os.name != "posix":
            part.replace(target)  # an open file cannot be renamed there
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def is_replaceable(path: str | os.PathLike[str]) -> bool:
    """Whether nothing or a plain file is there.

    Who may write to a folder may rename over a device or a pipe in it, which would be gone then.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - as it takes any path
    except OSError:
        return True  # there is nothing, or trying to write says what is wrong


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Replaces a file by `content`; see `replacing`."""
    with replacing(path) as file:
        whole = memoryview(content)
        for start in range(0, len(whole), _PIECE):
            file.write(whole[start : start + _PIECE])


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Replaces a file by a text in UTF-8; what UTF-8 cannot say becomes a question mark."""
    write_bytes(path, text.encode("utf-8", "replace"))


def reason(error: OSError) -> str:
    """Why the system refused, without the name of the temporary file in it."""
    return error.strerror or str(error) or type(error).__name__


def sync_folder(folder: Path) -> None:
    """Makes a rename in `folder` durable, where folders can be opened (not on Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems can't
            raise
    finally:
        os.close(handle)


def lock(handle: int) -> bool:
    """Locks an open file for as long as it is open; False when another process has it.

    The lock dies with its process. OSError where the file system knows no locks.
    """
    if os.name != "posix":
        import msvcrt

        with contextlib.suppress(OSError):
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            return True
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _part_prefix(target: Path) -> str:
    return f".{target.name[:200]}."


def _own_part(target: Path) -> tuple[int, str]:
    """A new file beside the target, locked, so that nobody takes it for remains."""
    while True:
        handle, name = tempfile.mkstemp(_SUFFIX, _part_prefix(target), target.parent)
        if os.name == "posix":
            with contextlib.suppress(OSError):  # without locks nobody removes anything either
                lock(handle)
            if os.fstat(handle).st_nlink == 0:  # taken for remains before it was locked
                os.close(handle)
                continue
        return handle, name


def remove_remains(target: Path) -> None:
    """Removes parts of this target that no living program writes; a comfort, so it never fails."""
    prefix = _part_prefix(target)
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if not entry.name.startswith(prefix) or not entry.name.endswith(_SUFFIX):
                continue
            with contextlib.suppress(OSError):
                if os.name != "posix":
                    os.unlink(entry.path)  # noqa: PTH108 - fails while somebody has it open
                    continue
                handle = os.open(entry.path, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    if lock(handle):
                        os.unlink(entry.path)  # noqa: PTH108
                finally:
                    os.close(handle)


def _mode_for(target: Path) -> int:
    """The rights the old file has, or those a plain new one would get."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
