"""The settings of Kafka's own clients: names, types, importance and defaults, as tables."""
