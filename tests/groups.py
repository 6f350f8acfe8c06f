"""Which tests go to the same process of xdist: those of modules that name a group.

The scheduler of xdist 3.8 hears of no group from pytest 9.2, and says nothing of it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

_GROUP = re.compile(r'pytest\.mark\.xdist_group\("([^"]+)"\)')


@cache
def group_of(module: Path) -> str | None:
    found = _GROUP.search(module.read_text("utf-8"))
    return None if found is None else found[1]


class GroupScheduling(LoadScopeScheduling):
    """Every other test goes to whichever process is free."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return group_of(self.config.rootpath / module) or nodeid
