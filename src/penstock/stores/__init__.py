"""Config, offset and status stores."""
