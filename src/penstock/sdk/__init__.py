"""What a plugin author imports; it knows nothing else of ours."""
