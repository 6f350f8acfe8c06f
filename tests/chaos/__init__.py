"""Real workers and a real broker, and everything that can happen to them."""
