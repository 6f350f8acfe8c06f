from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import penstock.sdk


def test_every_public_name_can_be_imported_and_is_typed() -> None:
    assert penstock.sdk.__file__ is not None
    tree = ast.parse(Path(penstock.sdk.__file__).read_text(encoding="utf-8"))
    typed = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("penstock.sdk.")
        for alias in node.names
    }
    homes = {name: f"penstock.sdk.{home}" for name, home in penstock.sdk._HOMES.items()}
    assert typed == homes
    assert all(getattr(penstock.sdk, name) is not None for name in homes)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ImportError, match="Sourcerecord"):
        exec("from penstock.sdk import Sourcerecord")


def test_the_package_alone_imports_nothing_else() -> None:
    program = "import sys, penstock.sdk; print(sorted(m for m in sys.modules if 'penstock' in m))"
    command = [sys.executable, "-c", program]
    shown = subprocess.run(command, capture_output=True, check=True, text=True)
    assert shown.stdout.strip() == "['penstock', 'penstock.sdk']"
