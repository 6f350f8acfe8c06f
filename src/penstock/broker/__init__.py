"""A real single-node Apache Kafka for demos, development and tests."""
