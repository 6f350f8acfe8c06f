"""The REST interface: HTTP in, requests out."""
