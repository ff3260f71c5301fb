"""A whole server on a data folder: up, over TLS, down, up again, and down when its store breaks."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from server.app import Reread, Running, Started, running, serve
from server.auth.keys import new_key
from server.config import ConfigError
from server.db.lock import FolderInUse
from server.ending import Ending
from server.settings import Config, Container, Store
from server.settings import Server as ServerSettings


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(server=ServerSettings(port=0, stop_s=5), store=Store(folder=str(tmp_path / "data")))


async def key_for(server: Running) -> dict[str, str]:
    key = new_key(id="key-1", name="test", roles=["admin"], now=0)
    await server.store.add_api_key(key.row)
    await server.credentials.read(server.store)
    return {"Authorization": f"Bearer {key.text}"}


async def served(config: Config, started: Started, *, reread: Reread | None = None) -> int:
    """The exit code, after whatever `started` does to end it."""
    with Ending(stop_s=config.server.stop_s) as ending:
        return await asyncio.wait_for(serve(config, ending=ending, started=started, reread=reread), 10)


async def test_what_was_acknowledged_is_there_after_a_restart(config: Config) -> None:
    event = {"name": "order.paid", "customer": "c-1", "id": "e-1"}
    async with running(config) as server, aiohttp.ClientSession(server.url) as client:
        headers = await key_for(server)
        async with client.post("/v1/events", json=event, headers=headers) as answer:
            assert answer.status == 202
    async with (
        running(config) as server,
        aiohttp.ClientSession(server.url) as client,
        client.post("/v1/events", json=event, headers=headers) as answer,
    ):
        assert (await answer.json())["duplicates"] == 1


async def test_folder_has_one_server(config: Config) -> None:
    async with running(config):
        with pytest.raises(FolderInUse):
            async with running(config):
                pass


async def test_metrics_show_how_full_the_parts_are(config: Config) -> None:
    async with (
        running(config) as server,
        aiohttp.ClientSession(server.url) as client,
        client.get("/metrics") as answer,
    ):
        lines = (await answer.text()).splitlines()
    assert "flowdeck_live_connections 0.0" in lines
    assert any(line.startswith("flowdeck_engine_") for line in lines)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


async def test_tls(config: Config, tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    trusted = ssl.create_default_context(cafile=str(cert))
    encrypted = replace(config, server=replace(config.server, tls_cert=str(cert), tls_key=str(key)))
    async with running(encrypted) as server, aiohttp.ClientSession(server.url) as client:
        assert server.url.startswith("https://")
        async with client.get("/healthz", ssl=trusted) as answer:
            assert answer.status == 200


async def test_signal_ends_the_server_with_zero(config: Config) -> None:
    async def started(server: Running) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    async with running(config) as server:
        await key_for(server)
    assert await served(config, started) == 0


async def test_containers_are_taken_anew_on_sighup(config: Config) -> None:
    reread = asyncio.Event()

    def other() -> Config:
        reread.set()
        return replace(config, containers={"inbox": Container(stream="news")})

    async def started(server: Running) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(reread.wait(), 10)
        assert server.live.containers.find("inbox") is not None
        assert server.live.containers.find("home") is None
        os.kill(os.getpid(), signal.SIGTERM)

    async with running(config) as server:
        await key_for(server)
    assert await served(config, started, reread=other) == 0


async def test_configuration_that_cannot_be_used_changes_nothing_on_sighup(config: Config) -> None:
    reread = asyncio.Event()

    def unusable() -> Config:
        reread.set()
        raise ConfigError(["config.toml: is not TOML"])

    async def started(server: Running) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(reread.wait(), 10)
        assert server.live.containers.find("home") is not None
        os.kill(os.getpid(), signal.SIGTERM)

    async with running(config) as server:
        await key_for(server)
    assert await served(config, started, reread=unusable) == 0
