"""What is not recorded yet, by real clients: forwarded in passthrough and for ignored hosts, refused in other modes."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
import trustme
import websockets.asyncio.client
import websockets.asyncio.server
import websockets.exceptions
from running import Mitmdump, Starter
from talking import DEADLINE, trusting

METHOD = "/test.Echo/Say"


@dataclass(frozen=True)
class Servers:
    """The ports of a WebSocket server and of a gRPC server, both echoing, with certificates for localhost."""

    websocket: int
    grpc: int
    ca_file: Path


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both servers, for the whole module."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    ca_file = tmp_path_factory.mktemp("servers") / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    grpc_server = grpc.server(futures.ThreadPoolExecutor(2))
    handler = grpc.unary_unary_rpc_method_handler(lambda said, _context: b"echo " + said)
    grpc_server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", {"Say": handler}),))
    pair = (issued.private_key_pem.bytes(), b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    grpc_port = grpc_server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    grpc_server.start()
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    websocket_port = asyncio.run_coroutine_threadsafe(_echo(issued), loop).result(DEADLINE)
    yield Servers(websocket_port, grpc_port, ca_file)
    grpc_server.stop(None)
    loop.call_soon_threadsafe(loop.stop)


async def _echo(issued: trustme.LeafCert) -> int:
    async def echo(link: websockets.asyncio.server.ServerConnection) -> None:
        async for said in link:
            await link.send(said)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    server = await websockets.asyncio.server.serve(echo, "127.0.0.1", 0, ssl=context)
    return int(next(iter(server.sockets)).getsockname()[1])


def talk(proxy: Mitmdump, port: int, trust: Path) -> list[str | bytes]:
    """Say two things over a WebSocket, and hear them again."""

    async def converse() -> list[str | bytes]:
        connect = websockets.asyncio.client.connect(
            f"wss://localhost:{port}/", proxy=proxy.url, ssl=trusting(trust), open_timeout=DEADLINE
        )
        async with connect as link:
            await link.send("hello")
            await link.send(b"\0\1")
            return [await link.recv(), await link.recv()]

    return asyncio.run(converse())


def call(proxy: Mitmdump, port: int, trust: Path) -> bytes:
    """One gRPC call. Raises grpc.RpcError."""
    credentials = grpc.ssl_channel_credentials(trust.read_bytes())
    options = [("grpc.http_proxy", proxy.url), ("grpc.enable_http_proxy", 1)]
    with grpc.secure_channel(f"localhost:{port}", credentials, options) as channel:
        answer: bytes = channel.unary_unary(METHOD)(b"hello", timeout=DEADLINE)
        return answer


@pytest.mark.parametrize("how", ["passthrough", "ignored"])
def test_forwarded(how: str, mitmdump: Starter, library: Path, servers: Servers) -> None:
    """Both ways through; an ignored host is not even decrypted, so its own certificate counts."""
    options: dict[str, object] = {"ssl_verify_upstream_trusted_ca": servers.ca_file}
    options |= {"vcr_mode": "passthrough"} if how == "passthrough" else {"vcr_ignore_hosts": "localhost"}
    proxy = mitmdump(library, **options)
    trust = proxy.ca_file if how == "passthrough" else servers.ca_file
    assert talk(proxy, servers.websocket, trust) == ["hello", b"\0\1"]
    assert call(proxy, servers.grpc, trust) == b"echo hello"
    proxy.stop()
    assert not list(library.rglob("*.yaml"))


@pytest.mark.parametrize("mode", ["replay", "once", "new_episodes", "record"])
def test_refused(mode: str, mitmdump: Starter, library: Path, servers: Servers) -> None:
    """A WebSocket at its handshake, with the reason; a gRPC call with a status of gRPC's own and a message."""
    proxy = mitmdump(library, vcr_mode=mode, ssl_verify_upstream_trusted_ca=servers.ca_file)
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        talk(proxy, servers.websocket, proxy.ca_file)
    answer = refused.value.response
    assert answer.headers["X-Cassette-Error"] == "unsupported"
    assert b"vcr_ignore_hosts=localhost" in (answer.body or b"")
    with pytest.raises(grpc.RpcError) as failed:
        call(proxy, servers.grpc, proxy.ca_file)
    assert failed.value.code() is grpc.StatusCode.FAILED_PRECONDITION  # type: ignore[attr-defined]
    assert "can't be recorded yet" in failed.value.details()  # type: ignore[attr-defined]
