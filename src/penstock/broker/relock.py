"""`python -m penstock.broker.relock` writes the lists of jars anew, after a version was changed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from penstock.broker import jars, pins


def main() -> None:
    for name, coordinates in pins.SHIPPED.items():
        with tempfile.TemporaryDirectory() as scratch:
            found = jars.resolve(coordinates, Path(scratch) / "repository")
        pins.write(Path(__file__).with_name(name), found)
        print(f"{name}: {len(found)} jars, {sum(pin.size for pin in found) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
