"""What a worker has read when it begins to answer: nothing that only connectors need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Ends the process, and tells what is imported, where a worker begins to answer.
PROGRAM = """
import gc, json, os, sys
from penstock.rest.server import RestServer

async def told(self, *apps):
    print(json.dumps({"modules": sorted(sys.modules), "collecting": gc.isenabled()}), flush=True)
    os._exit(0)

RestServer.start = told
from penstock.cli.main import main
main(sys.argv[1:])
"""
SETTINGS = """
bootstrap.servers=localhost:1
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
listeners=http://127.0.0.1:0
offset.storage.file.filename={folder}/offsets
group.id=workers
config.storage.topic=configs
offset.storage.topic=offsets
status.storage.topic=statuses
"""
LATER = {
    "confluent_kafka": "Kafka's client, 50 ms and 8 MB",
    "kafka": "the client for membership, 100 ms",
    "jsonschema": "a library of converters",
    "fastavro": "a library of converters",
    "google.protobuf": "a library of converters",
    "importlib.metadata": "looks through what is installed; a host does that",
    "penstock.connectors": "what a host runs",
    "penstock.converters.json_payloads": "what a host runs",
    "penstock.converters.json_fast_encode": "what a host runs",
    "penstock.converters.options": "what a host runs",
    "penstock.hosting.tasks": "what a host runs",
    "penstock.cluster.validation": "what a host does",
    "penstock.kafka.properties": "the translation of clients' settings",
    "penstock.rest.openapi": "a description that is made when it is asked for",
    "penstock.rest.tls": "for listeners of https",
    "penstock.sdk.java_regex": "for patterns",
    "penstock.sdk.java_date_format": "for formats of dates",
}
IN_ALL = 500  # each further module is a part of a millisecond


@pytest.mark.parametrize("command", ["standalone", "distributed"])
def test_has_read_neither_clients_nor_connectors_when_it_begins_to_answer(
    command: str, tmp_path: Path
) -> None:
    worker = tmp_path / "worker.properties"
    worker.write_text(SETTINGS.format(folder=tmp_path))
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, command, str(worker)],
        stdout=subprocess.PIPE,
        timeout=100,
        check=True,
    )
    found = json.loads(ran.stdout.splitlines()[-1])
    modules = set(found["modules"])
    assert {"penstock.composition", "starlette", "penstock.cluster.driver"} <= modules
    assert {name: LATER[name] for name in modules & LATER.keys()} == {}
    assert len(modules) < IN_ALL
    assert not found["collecting"], "what is imported is no garbage"
