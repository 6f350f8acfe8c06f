"""The connectors that come with Penstock, one package each."""
