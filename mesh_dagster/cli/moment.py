"""A moment, or a publication, that a command line names."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from mesh_dagster.errors import UsageError


class _Moment(click.ParamType[datetime]):
    """Reads ISO 8601; without an offset it is UTC."""

    name = "moment"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        from mesh_dagster.clock import in_utc

        if isinstance(value, datetime):
            return value
        try:
            return in_utc(datetime.fromisoformat(value))
        except ValueError:
            option = param.opts[0] if param else "for example"
            fix = f"{option} 2013-12-01, or {option} 2013-12-01T06:00Z"
            raise UsageError(f"{value!r:.60} is no moment", fix=fix) from None


MOMENT = _Moment()


def moment_or_publication(text: str | None) -> datetime | int | str | None:
    """Read `2013-11-04`, `2013-11-04T06:00:00Z`, a publication's number or its id."""
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.replace(tzinfo=moment.tzinfo or UTC)
