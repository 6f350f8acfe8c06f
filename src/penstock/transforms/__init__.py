"""The stock single message transforms."""
