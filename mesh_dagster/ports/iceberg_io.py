"""pyiceberg's three verbs over a mesh storage."""

from __future__ import annotations

import io
from typing import cast

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from mesh_dagster.ports.documents import key_of
from mesh_dagster.ports.storage import Storage


class StorageIO(FileIO):
    """Reads and writes Iceberg's documents through a storage; `written` are the keys it wrote."""

    def __init__(self, storage: Storage, place: str) -> None:
        super().__init__({})
        self.storage = storage
        self.written: list[str] = []
        self._place = place

    def key(self, location: str) -> str:
        """The key of a location, wherever the storage was when it was written."""
        return key_of(self._place, location)

    def new_input(self, location: str) -> InputFile:
        return _Input(location, self)

    def new_output(self, location: str) -> OutputFile:
        return _Output(location, self)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        text = location if isinstance(location, str) else location.location
        self.storage.delete([self.key(text)])


class _Input(InputFile):
    def __init__(self, location: str, files: StorageIO) -> None:
        super().__init__(location)
        self._files = files

    def __len__(self) -> int:
        return len(self._read())

    def exists(self) -> bool:
        return not self._files.storage.missing([self._files.key(self.location)])

    def open(self, seekable: bool = True) -> InputStream:
        return cast(InputStream, io.BytesIO(self._read()))

    def _read(self) -> bytes:
        return self._files.storage.read(self._files.key(self.location))


class _Output(OutputFile):
    def __init__(self, location: str, files: StorageIO) -> None:
        super().__init__(location)
        self._files = files
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> InputFile:
        return _Input(self.location, self._files)

    def create(self, overwrite: bool = False) -> OutputStream:
        return cast(OutputStream, _Buffer(self))

    def finish(self, data: bytes) -> None:
        key = self._files.key(self.location)
        self._files.written.append(key)
        self._files.storage.write(key, data)
        self.size = len(data)


class _Buffer(io.BytesIO):
    """Collects a document, and hands it over when it is whole."""

    def __init__(self, target: _Output) -> None:
        super().__init__()
        self._target = target

    def close(self) -> None:
        if not self.closed:
            self._target.finish(self.getvalue())
        super().close()
