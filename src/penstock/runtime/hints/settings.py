"""Mistakes in the configuration of a connector."""

from __future__ import annotations

from penstock.runtime.hints.model import Clues, Hint

_CONFIG = ("ConfigException",)
_TRANSFORM_TYPE = r"configuration (?P<setting>(?:transforms|predicates)\.[^ ]+\.type)"
_JAVA = r"(?:io|com|net|org)\.[\w.$]+"


def _needs_key_or_value(clues: Clues) -> bool:
    return any(_half_named(text) for text in clues.config.values())


def _half_named(text: str) -> bool:
    return text.strip().rpartition(".")[2] in _TWO_SIDED


_TWO_SIDED = frozenset(
    (
        "Cast",
        "ExtractField",
        "Flatten",
        "HoistField",
        "InsertField",
        "MaskField",
        "ReplaceField",
        "SetSchemaMetadata",
        "TimestampConverter",
    )
)

SETTINGS: tuple[Hint, ...] = (
    Hint(
        "transform-type-missing",
        "A transformation or predicate is listed, but nothing says which class it is.",
        r'(?:Missing required configuration "|Invalid value null for configuration )'
        r'(?P<setting>(?:transforms|predicates)\.[^":]+\.type)[":]',
        "Set {setting} to the class of that transformation or predicate, or take its name out of "
        "the list.",
    ),
    Hint(
        "setting-missing",
        "A setting without a default is not set.",
        r'Missing required configuration "(?P<setting>[^"]+)" which has no default value',
        "Set {setting}; the name must be written exactly so.",
    ),
    Hint(
        "transform-without-side",
        "A transformation is named without $Key or $Value.",
        rf"Invalid value (?P<found>\S+) for {_TRANSFORM_TYPE}: Class \S+ could not be found",
        "This transformation comes in two forms: set {setting}={found}$Value to change values, "
        "or {found}$Key to change keys.",
        test=_needs_key_or_value,
    ),
    Hint(
        "transform-class-unknown",
        "The class of a transformation or predicate does not exist, or is written in another case.",
        rf"Invalid value (?P<found>\S+) for {_TRANSFORM_TYPE}: Class \S+ could not be found",
        "No plugin is named {found}: upper and lower case count; GET /connector-plugins?"
        "connectorsOnly=false lists what there is. A class in a Java jar cannot run here.",
    ),
    Hint(
        "java-connector",
        "The connector is a Java class that no Python plugin stands for.",
        rf"Failed to find any class that implements Connector and which name matches "
        rf"(?P<found>{_JAVA}),",
        "No plugin stands for {found}: a Java jar cannot run here; install a Python package that "
        "brings this connector, or take one of those that `penstock plugin list` shows.",
    ),
    Hint(
        "connector-unknown",
        "The connector's class does not exist, or is written in another case.",
        r"Failed to find any class that implements Connector and which name matches "
        r"(?P<found>[^,]+),",
        "No connector is named {found}: upper and lower case count; `penstock plugin list` and "
        "GET /connector-plugins show what there is.",
    ),
    Hint(
        "converter-unknown",
        "A converter's class does not exist, or is a Java class that nothing stands for.",
        r"Invalid value (?P<found>\S+) for configuration (?P<setting>\w+\.converter): "
        r"Class \S+ could not be found",
        "No converter is named {found}: upper and lower case count in {setting}; "
        "GET /connector-plugins?connectorsOnly=false lists what there is. A class in a Java jar "
        "cannot run here.",
    ),
    Hint(
        "predicate-undefined",
        "A transformation refers to a predicate that is not listed.",
        r"Unknown configuration '(?P<setting>predicates\.(?P<name>.+)\.plugin\.version)'",
        "Add {name} to the list in the setting predicates, and set predicates.{name}.type.",
    ),
    Hint(
        "invalid-tolerance",
        "errors.tolerance is neither none nor all.",
        r"Invalid value (?P<found>.*) for configuration (?P<setting>errors\.tolerance):",
        "errors.tolerance is none or all, in lower case.",
    ),
    Hint(
        "both-topics",
        "A sink has both topics and topics.regex.",
        r"(?P<setting>topics) and topics\.regex are mutually exclusive",
        "Take one of topics and topics.regex out of the configuration.",
    ),
    Hint(
        "no-topics",
        "A sink has neither topics nor topics.regex.",
        r"Must configure one of (?P<setting>topics) or topics\.regex",
        "Set topics to the names of topics, separated by commas, or topics.regex to a pattern.",
    ),
    Hint(
        "reads-its-dead-letters",
        "A sink's dead letter topic is one of the topics it reads.",
        r"The DLQ topic '(?P<found>[^']*)' may not be (?:included|matched)",
        "Set errors.deadletterqueue.topic.name to a topic that this connector does not read: it "
        "would read its own dead letters for ever.",
    ),
    Hint(
        "too-many-tasks",
        "A connector makes more tasks than tasks.max allows.",
        r"has generated (?P<made>\d+) tasks, which is greater than (?P<allowed>\d+)",
        "Raise tasks.max to {made}, or lower what the connector splits its work by.",
        classes=("TooManyTasksException",),
    ),
    Hint(
        "reference-unresolved",
        "A reference to a config provider stands in a value that should have been replaced.",
        r"\$\{(?P<provider>[\w-]+):[^}]*\}",
        "The reference to {provider} was not replaced: the worker's config.providers must list "
        "{provider}, with config.providers.{provider}.class.",
        classes=(*_CONFIG, "ConnectException", "IOException", "NoSuchFileException"),
    ),
    Hint(
        "unknown-compression",
        "compression.type names a codec that Kafka does not have.",
        r"(?:compression\.(?:type|codec))",
        "compression.type is none, gzip, snappy, lz4 or zstd; for one connector it is set as "
        "producer.override.compression.type.",
        classes=("ConfigException", "KafkaException", "IllegalArgumentException"),
    ),
    Hint(
        "wrong-regular-expression",
        "A setting that should be a regular expression is none.",
        r"for configuration (?P<setting>\S+): Invalid regex",
        "The pattern in {setting} is no regular expression of Java: characters such as ( [ * + "
        "that are meant as they are need a backslash.",
    ),
)
