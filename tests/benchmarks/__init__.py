"""The hot paths cost what they did."""
