"""stub"""


class InvalidRecordError(Exception):
    java_class = "org.apache.kafka.common.InvalidRecordException"


def checked_timestamp(timestamp):
    if timestamp is None or timestamp >= 0:
        return timestamp
    if timestamp == -1:
        return None
    raise InvalidRecordError(f"Invalid record timestamp {timestamp}")
