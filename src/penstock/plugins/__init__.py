"""Finds plugins and knows their Java names."""
