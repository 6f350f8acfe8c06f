"""Made-up records, for demonstrations, tests and measurements."""

from penstock.connectors.datagen.source import DatagenSource as DatagenSource
