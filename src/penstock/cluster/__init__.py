"""The control plane: decides; does not act."""
