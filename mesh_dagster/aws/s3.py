"""A storage in an S3 bucket: conditional puts for the swap.

Credentials, region and endpoint are those of the standard AWS environment; what Polars and
pyiceberg need to open the same objects is derived from the same session.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mesh_dagster.errors import MissingObject, StorageError, UsageError
from mesh_dagster.ports.storage import Entry, checked

_ABSENT = ("404", "NoSuchKey", "NotFound")
_LOST = ("PreconditionFailed", "412", "ConditionalRequestConflict", "409")
MOST_KEYS = 1000
HEADS_AT_ONCE = 16
TAIL = 1 << 16
"""Parquet footers are read in steps of this many bytes."""


class S3Storage:
    """Objects below one prefix of one bucket, by a URL such as `s3://bucket/mesh`."""

    def __init__(self, url: str) -> None:
        found = re.fullmatch(r"s3://([^/]+)/?(.*?)/*", url)
        if found is None:
            raise UsageError(f"{url!r} names no bucket", fix="write it like s3://bucket/prefix")
        self._bucket = found[1]
        self._prefix = f"{found[2]}/" if found[2] else ""
        self.url = f"s3://{self._bucket}/{found[2]}".rstrip("/")

    def __getstate__(self) -> dict[str, str]:
        return {"url": self.url}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.__init__(state["url"])  # type: ignore[misc]

    def read(self, key: str) -> bytes:
        return self.read_versioned(key)[0]

    def read_versioned(self, key: str) -> tuple[bytes, str]:
        with self._translated(key):
            found = self._client.get_object(Bucket=self._bucket, Key=self._name(key))
            return found["Body"].read(), found["ETag"]

    def write(self, key: str, data: bytes) -> None:
        with self._translated(key):
            self._client.put_object(Bucket=self._bucket, Key=self._name(key), Body=data)

    def create(self, key: str, data: bytes) -> bool:
        return self._put_if(key, data, IfNoneMatch="*")

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        if expected is None:
            return self.create(key, data)
        return self._put_if(key, data, IfMatch=expected)

    def list(self, prefix: str) -> Iterator[Entry]:
        pages = self._client.get_paginator("list_objects_v2")
        with self._translated(prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for found in page.get("Contents", ()):
                    key = found["Key"][len(self._prefix) :]
                    yield Entry(key, found["Size"], found["LastModified"], found["ETag"])

    def delete(self, keys: Iterable[str]) -> None:
        left = (self._name(key) for key in keys)
        while names := tuple(islice(left, MOST_KEYS)):
            with self._translated(names[0]):
                answer = self._client.delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": [{"Key": name} for name in names], "Quiet": True},
                )
            for refused in answer.get("Errors", ()):
                raise StorageError(
                    f"{refused['Key']} could not be deleted in {self.url}: {refused['Message']}",
                    where=self.url,
                    fix="allow s3:DeleteObject on that prefix",
                )

    def open(self, key: str) -> BinaryIO:
        with self._translated(key):
            head = self._client.head_object(Bucket=self._bucket, Key=self._name(key))
        return cast(BinaryIO, io.BufferedReader(_Ranges(self, key, head["ContentLength"]), TAIL))

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """The bytes of an object from `start` up to and without `end`."""
        with self._translated(key):
            found = self._client.get_object(
                Bucket=self._bucket, Key=self._name(key), Range=f"bytes={start}-{end - 1}"
            )
            return cast(bytes, found["Body"].read())

    def missing(self, keys: Iterable[str]) -> tuple[str, ...]:
        wanted = list(keys)
        with ThreadPoolExecutor(HEADS_AT_ONCE) as pool:
            there = list(pool.map(self._exists, wanted))
        return tuple(key for key, found in zip(wanted, there, strict=True) if not found)

    def sync(self, keys: Iterable[str]) -> None:
        """Nothing to do: an object that was written is durable."""

    def sweep(self, prefix: str, before: datetime) -> int:
        swept = 0
        with self._translated(prefix):
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] < before:
                        self._client.abort_multipart_upload(
                            Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
                        swept += 1
        return swept

    def allow(self, key: str) -> None:
        """Nothing in a bucket leads out of it."""

    def uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._name(key)}"

    def path(self, key: str) -> str:
        return self.uri(key)

    def key(self, uri: str) -> str:
        inside = uri.removeprefix(f"s3://{self._bucket}/{self._prefix}")
        if inside == uri:
            raise UsageError(f"{uri} is not in the storage {self.url}", code="MESH-M020")
        return checked(inside)

    def polars_options(self) -> dict[str, str] | None:
        named = {
            "aws_access_key_id": self._credentials.access_key,
            "aws_secret_access_key": self._credentials.secret_key,
            "aws_session_token": self._credentials.token,
            "aws_region": self._region,
            "aws_endpoint_url": self._endpoint,
            "aws_allow_http": "true" if self._plain else None,
        }
        return {name: value for name, value in named.items() if value}

    def iceberg_properties(self) -> dict[str, str]:
        named = {
            "s3.access-key-id": self._credentials.access_key,
            "s3.secret-access-key": self._credentials.secret_key,
            "s3.session-token": self._credentials.token,
            "s3.region": self._region,
            "s3.endpoint": self._endpoint,
        }
        return {name: value for name, value in named.items() if value}

    @cached_property
    def _session(self) -> Any:
        return boto3.Session()

    @cached_property
    def _client(self) -> Any:
        # Retries are safe: a conditional put that is sent twice is looked up by who sent it.
        config = Config(retries={"mode": "standard", "max_attempts": 5})
        return self._session.client("s3", config=config)

    @property
    def _credentials(self) -> Any:
        found = self._session.get_credentials()
        if found is None:
            raise StorageError(
                f"there are no AWS credentials for {self.url}",
                code="MESH-M073",
                where=self.url,
                fix="export AWS_PROFILE=... or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )
        return found.get_frozen_credentials()

    @property
    def _region(self) -> str:
        return cast(str, self._client.meta.region_name)

    @property
    def _endpoint(self) -> str | None:
        url = cast(str, self._client.meta.endpoint_url)
        return None if url.endswith(".amazonaws.com") else url

    @property
    def _plain(self) -> bool:
        return (self._endpoint or "").startswith("http://")

    def _name(self, key: str) -> str:
        return self._prefix + checked(key)

    def _put_if(self, key: str, data: bytes, **condition: str) -> bool:
        with self._translated(key):
            try:
                self._client.put_object(
                    Bucket=self._bucket, Key=self._name(key), Body=data, **condition
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in (*_LOST, *_ABSENT):
                    return False
                raise
            return True

    def _exists(self, key: str) -> bool:
        with self._translated(key):
            try:
                self._client.head_object(Bucket=self._bucket, Key=self._name(key))
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return False
                raise
            return True

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("NoSuchKey", "404", "NotFound"):
                raise MissingObject(f"there is no {key} in {self.url}", where=self.url) from None
            raise self._refused(key, f"{code}: {error.response['Error'].get('Message')}") from error
        except BotoCoreError as error:
            raise self._refused(key, str(error)) from error

    def _refused(self, key: str, why: str) -> StorageError:
        return StorageError(
            f"{key} could not be read or written in {self.url}: {why}",
            where=self.url,
            fix=f"aws s3 ls {self.url}/ with the same credentials, and look at what it says",
        )


class _Ranges(io.RawIOBase):
    """An object read in ranges."""

    def __init__(self, storage: S3Storage, key: str, size: int) -> None:
        self._storage = storage
        self._key = key
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        data = self._storage.read_range(self._key, self._at, end)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
