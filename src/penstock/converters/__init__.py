"""Between Connect data and the bytes in Kafka."""
