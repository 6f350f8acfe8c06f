"""`python -m docs.generator`: check every example, then write docs/reference anew."""

from __future__ import annotations

import sys

from docs.generator.catalog import REFERENCE, MissingPage, pages
from docs.generator.examples import WrongExample, check_example
from docs.generator.pages import reference


def main() -> int:
    for page in pages():
        try:
            check_example(page)
        except (MissingPage, WrongExample) as error:
            print(error, file=sys.stderr)
            return 1
    files = reference()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for path in set(REFERENCE.rglob("*.md")) - files.keys():
        path.unlink()
    print(f"{len(files)} pages in docs/reference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
