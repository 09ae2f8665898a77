"""`mesh dev` for one domain: it is shown alone, and what it reads of others is not its to make."""

from __future__ import annotations

from e2e.checkout import Checkout
from e2e.webserver import Webserver, free_port


def test_a_domain_alone_shows_its_inputs_as_external_assets_to_this_machine_only(checkout) -> None:
    mesh: Checkout = checkout()
    server = Webserver(free_port())
    running = mesh.start(f"mesh dev journeys --port {server.port}", "dev")
    mesh.processes.wait_for(server.not_serving, running)
    (name,) = server.repositories()
    nodes = server.repositories()[name]["assetNodes"]
    made = {"/".join(node["assetKey"]["path"]): node["isExecutable"] for node in nodes}
    assert name == "journeys"
    assert made == {
        "journeys/delay_risk/v1": True,
        "flights/departures/v1": False,
        "weather/observations/v1": False,
        "punctuality/route_delays/v1": False,
    }
    assert mesh.processes.listening() == {"127.0.0.1"}
    mesh.processes.interrupt(running)
    mesh.processes.wait_for(lambda: ", ".join(map(str, mesh.processes.living())))


def test_a_domain_that_is_not_there_is_refused_with_a_suggestion(checkout) -> None:
    mesh: Checkout = checkout()
    done = mesh.mesh("dev", "flihgts").exited(2)
    assert "MESH-M061" in done.err
    assert "did you mean `flights`?" in done.err
    assert done.out == ""
