"""Measurements of the real thing, side by side in one run; they print ratios, never verdicts."""
