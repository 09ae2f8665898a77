"""One tick of the sensor, when nothing has changed since the one before."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import dagster as dg
import history
from stopwatch import timed

from mesh_dagster import clock
from mesh_dagster.orchestrate import service_levels as levels


def main(folder: str, url: str, number: str) -> None:
    mesh, products = history.mesh_on(Path(folder), url), history.products(int(number))
    sensor = levels.slo_sensor(mesh, products[0].domain, products)
    with dg.DagsterInstance.ephemeral() as instance, clock.frozen(history.NOW):
        stated = [each for one in levels.reports(mesh, products) for each in one.standings]
        told = filter(levels._is_measured, stated)
        cursor = json.dumps({levels._name(each): levels._digest(each) for each in told})
        # The first tick of a process describes every product to the mesh.
        sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        with timed() as counted:
            found = sensor.evaluate_tick(context)
            objectives, _, changed = (found.skip_message or "").split(", ")
            counted[objectives] += 1
            counted[changed] += 1


main(*sys.argv[1:])
