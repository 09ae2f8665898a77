"""One name everywhere: `mesh://<domain>/<product>/v<major>[/<port>]` (design rule 1).

The same path is the Dagster asset key, the storage prefix, the registry path and the lineage
name; `sql_name` is its form in SQL. It is parsed here and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from mesh_dagster.errors import AddressError

SCHEME = "mesh://"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
"""A domain, product or port: words in lower case joined by single underscores."""

LONGEST_NAME = 63
_MAJOR = re.compile(r"v(0|[1-9][0-9]{0,3})", re.ASCII)
_LOOKS_LIKE_A_MAJOR = re.compile(r"(.*_)?v[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a data product, or one of its output ports, is found for good.

    `major` None means the newest active major; `port` None means the product's first port,
    which has no name of its own. Raises `AddressError` for a part that breaks the grammar.
    """

    domain: str
    product: str
    major: int | None = None
    port: str | None = None

    def __post_init__(self) -> None:
        names = [self.domain, self.product] + ([] if self.port is None else [self.port])
        major_fits = self.major is None or 0 <= self.major <= 9999
        if not (major_fits and all(is_name(name) for name in names)):
            raise _refused("/".join(self.parts))

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `mesh://flights/departures/v1/late`, with or without `mesh://`."""
        match text.removeprefix(SCHEME).split("/"):
            case [domain, product]:
                return cls(domain, product)
            case [domain, product, third] if found := _MAJOR.fullmatch(third):
                return cls(domain, product, int(found[1]))
            case [domain, product, port]:
                return cls(domain, product, None, port)
            case [domain, product, third, port] if found := _MAJOR.fullmatch(third):
                return cls(domain, product, int(found[1]), port)
        raise _refused(text)

    @classmethod
    def from_sql(cls, name: str) -> Address:
        """Read `flights.departures`, `flights.departures_v1` or `flights.departures_v1__late`."""
        domain, dot, rest = name.partition(".")
        versioned, _, port = rest.partition("__")
        product, _, last = versioned.rpartition("_")
        found = _MAJOR.fullmatch(last)
        if not dot:
            raise _refused(name)
        if found is None:
            return cls(domain, versioned, None, port or None)
        return cls(domain, product, int(found[1]), port or None)

    @classmethod
    def read(cls, text: str) -> Address:
        """Read any spelling that people have for it: path, URL or SQL name."""
        return cls.from_sql(text) if "/" not in text and "." in text else cls.parse(text)

    @property
    def path(self) -> str:
        """`flights/departures/v1/late`: asset key, storage prefix and registry path."""
        return "/".join(self.parts)

    @property
    def parts(self) -> list[str]:
        """The path as a list, the form in which Dagster takes an asset key."""
        version = [] if self.major is None else [f"v{self.major}"]
        return [self.domain, self.product, *version, *([self.port] if self.port else [])]

    @property
    def sql_name(self) -> str:
        """`flights.departures_v1__late`."""
        version = "" if self.major is None else f"_v{self.major}"
        return f"{self.domain}.{self.product}{version}" + (f"__{self.port}" if self.port else "")

    @property
    def of_product(self) -> Address:
        """The address of the product, without a port."""
        return replace(self, port=None)

    def with_major(self, major: int) -> Address:
        return replace(self, major=major)

    def with_port(self, port: str | None) -> Address:
        return replace(self, port=port)

    def __str__(self) -> str:
        return SCHEME + self.path


@lru_cache(maxsize=4096)
def is_name(text: str) -> bool:
    """Whether a text can name a domain, a product or a port.

    A name that ends like a major version could not be told from one in SQL, so it is refused.
    """
    fits = len(text) <= LONGEST_NAME and NAME.fullmatch(text) is not None
    return fits and _LOOKS_LIKE_A_MAJOR.fullmatch(text) is None


def _refused(text: str) -> AddressError:
    shown = text if len(text) <= 200 else text[:200] + "…"
    return AddressError(
        f"{shown!r} is not an address of the mesh. It is "
        "mesh://<domain>/<product>[/v<major>][/<port>], each name in lower case, beginning with "
        "a letter, words joined by single underscores, at most 63 characters, not ending in _v1",
        fix=f"mesh search {text}"
        if is_name(text)
        else "write it like mesh://flights/departures/v1",
    )
