"""Java's archive of loaded classes: made once, it halves the work of later starts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from penstock.broker import pins
from penstock.broker.cache import cache_folder


class ClassArchive:
    """The archive of one program on one Java.

    While there is none yet, the program writes it into its folder when it ends politely, and `keep`
    puts it into the cache. Java ignores an archive that does not fit.
    """

    def __init__(self, java: Path, jars: Sequence[Path], folder: Path) -> None:
        home = java.resolve().parent.parent
        release = home / "release"
        version = release.read_text("utf-8", "replace") if release.exists() else ""
        name = pins.digest([str(home), version, *map(str, jars)])
        self._path = cache_folder() / f"classes-{name}.jsa"
        self._written = folder / "classes.jsa"
        possible = (home / "lib" / "server" / "classes.jsa").exists()  # Java's own, to build upon
        self.learning = possible and not self._path.exists()

    @property
    def options(self) -> list[str]:
        if self.learning:
            return [f"-XX:ArchiveClassesAtExit={self._written.name}"]
        return [f"-XX:SharedArchiveFile={self._path}"] if self._path.exists() else []

    def keep(self) -> None:
        """Put what the ended program has written, if anything, where later starts find it."""
        if not self.learning or not self._written.exists():
            return
        partial = self._path.with_name(f"{self._path.name}.{self._written.parent.name}")
        with suppress(OSError):  # only a later start takes longer
            shutil.copyfile(self._written, partial)
            partial.replace(self._path)
            self._written.unlink()
        partial.unlink(missing_ok=True)
