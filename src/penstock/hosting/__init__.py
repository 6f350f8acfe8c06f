"""Where task loops run."""
