"""Composition root of a task-host process."""

from __future__ import annotations
