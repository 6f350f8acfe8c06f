"""Lines of a file into a topic, and records of topics into the lines of a file."""

from penstock.connectors.file.sink import FileStreamSink as FileStreamSink
from penstock.connectors.file.source import FileStreamSource as FileStreamSource
