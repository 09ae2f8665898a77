"""A moment that a command line names."""

from __future__ import annotations

from datetime import datetime

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
