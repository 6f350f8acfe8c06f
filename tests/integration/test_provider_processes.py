"""Config providers that are plugins: the worker asks their process and imports nothing of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.composition import StartError
from penstock.hosting.launch import host_command
from penstock.hosting.provider_process import RemoteProvider
from penstock.sdk.config import Config
from penstock.sdk.errors import ConfigError
from penstock.sdk.provider import ConfigData, LookupFailed
from penstock.worker import StandaloneWorker
from tests.integration.workers import STRING, wait_until

pytestmark = pytest.mark.integration
BOX = """
import os
import time
from typing import Annotated
from penstock.sdk import Config, Option
from penstock.sdk.provider import ConfigData, ConfigProvider, LookupFailed

class BoxConfig(Config):
    key: Annotated[str, Option("Opens the box.")]

class Box(ConfigProvider[BoxConfig]):
    def get(self, path, keys):
        if path == "crash":
            os._exit(3)
        if path == "far":
            time.sleep(60)
        if path == "locked":
            raise LookupFailed("the box is locked", passing=True)
        return ConfigData({key: f"{path}/{self.config.key}/{os.getpid()}" for key in keys}, 5000)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "box.py").write_text(BOX)
    return tmp_path / "plugins"


@pytest.fixture
def box(folder: Path) -> Iterator[RemoteProvider]:
    made = opened(folder, key="gold")
    yield made
    made.close()


def opened(folder: Path, **options: str) -> RemoteProvider:
    kind = RemoteProvider.of("box.Box", [str(folder)], host_command())
    return kind(Config.parse(options))


def process(found: ConfigData) -> int:
    return int((found.data["k"] or "").rpartition("/")[2])


def test_values_come_from_another_process_with_their_time_to_live(box: RemoteProvider) -> None:
    found = box.get("shelf", {"k"})
    assert process(found) != os.getpid()
    assert found == ConfigData({"k": f"shelf/gold/{process(found)}"}, 5000)


def test_why_there_are_no_values_is_told_as_in_this_process(box: RemoteProvider) -> None:
    with pytest.raises(LookupFailed, match="the box is locked") as caught:
        box.get("locked", {"k"})
    assert caught.value.passing


def test_a_process_that_ends_is_told_and_followed_by_another(box: RemoteProvider) -> None:
    before = process(box.get("shelf", {"k"}))
    with pytest.raises(LookupFailed, match=r"the process of box\.Box ended") as caught:
        box.get("crash", {"k"})
    assert caught.value.passing
    assert process(box.get("shelf", {"k"})) != before


def test_a_provider_that_does_not_answer_in_time_is_told_with_the_setting(
    box: RemoteProvider,
) -> None:
    type(box).seconds = 0.2
    with pytest.raises(LookupFailed, match=r"within 0\.2 s \(penstock\.providers\.timeout\.ms\)"):
        box.get("far", {"k"})
    type(box).seconds = 60
    assert box.get("shelf", {"k"}).data


def test_a_provider_ends_with_its_worker(box: RemoteProvider) -> None:
    pid = process(box.get("shelf", {"k"}))
    assert box._connection is not None
    box._connection.channel.close()
    assert box._process is not None
    box._process.wait(60)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), what="the end of the process")


def test_a_wrong_setting_of_a_provider_is_told_at_once(folder: Path) -> None:
    with pytest.raises(ConfigError, match="key"):
        opened(folder)


def test_a_worker_starts_with_settings_from_a_provider_it_does_not_import(
    folder: Path, tmp_path: Path
) -> None:
    properties = {
        "bootstrap.servers": "localhost:1",
        "key.converter": STRING,
        "value.converter": STRING,
        "plugin.path": str(folder),
        "offset.storage.file.filename": "${box:shelf:k}",
        "config.providers": "box",
        "config.providers.box.class": "Box",
        "config.providers.box.param.key": "silver",
    }
    worker = StandaloneWorker(properties)
    assert str(worker._config.offset_storage_file_filename).startswith("shelf/silver/")
    for provider in worker._providers.values():
        provider.close()
    with pytest.raises(StartError, match=r"Class Nobody could not be found"):
        StandaloneWorker(properties | {"config.providers.box.class": "Nobody"})
