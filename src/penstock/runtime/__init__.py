"""The data plane: moves batches; no threads, no sockets, no clock of its own."""
