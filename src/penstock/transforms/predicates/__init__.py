"""Which records a transformation is for: the predicates that come with the worker."""
