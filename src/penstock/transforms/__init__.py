"""The transformations and predicates that come with the worker, one per module."""
