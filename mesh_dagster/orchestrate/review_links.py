"""From a check that does not hold to the form in which its owner decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import dagster as dg

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.review import Review, ReviewKind
from mesh_dagster.orchestrate.checks import Links
from mesh_dagster.orchestrate.review_job import JOB, OP
from mesh_dagster.products.deciding.reviewing import reviews_in
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.reviews.misfits import ACTIONS


@dataclass(frozen=True)
class ReviewLinks(Links):
    """The reviews of a product, for the location whose job decides on them."""

    reviews: Sequence[Review]
    location: str | None

    def id(self, port: str, rule: str, partition: str | None) -> str | None:
        found = self._about(port, rule, partition)
        return found.id if found else None

    def url(self, id: str) -> str | None:
        found = next((each for each in self.reviews if each.id == id), None)
        if found is None or self.location is None:
            return None
        place = f"/locations/{quote(self.location, safe='')}/jobs/{JOB}/playground/setup"
        return f"{place}?config={quote(form(found), safe='')}"

    def _about(self, port: str, rule: str, partition: str | None) -> Review | None:
        about = [
            each
            for each in self.reviews
            if (port, rule) in each.rules
            and each.kind is not ReviewKind.WAIVER
            and (partition is None or partition in each.partitions or not each.partitions)
        ]
        # What waits in quarantine is what somebody has to decide on first; the newest of it.
        return max(
            about,
            key=lambda each: (each.kind is ReviewKind.QUARANTINE, each.covers),
            default=None,
        )


def location_of(context: dg.SensorEvaluationContext) -> str | None:
    """The code location that a sensor is in; None of one that is asked without any."""
    origin = context.code_location_origin
    return origin.location_name if origin else None


def links_of(mesh: Mesh, loaded: LoadedProduct, location: str | None) -> ReviewLinks:
    """The links of a product as its reviews are now."""
    with mesh.journal(loaded.product.address.domain) as journal:
        return ReviewLinks(reviews_in(journal, loaded.product.address.path), location)


def form(review: Review) -> str:
    """The launchpad's text for a review. What only a person can say is left for him to fill in,
    and without it nothing can be launched."""
    about = _in_a_line(", ".join(review.partitions[:3]) or "all of it")
    actions = ", ".join(each.value for each in ACTIONS[review.kind])
    return f"""\
# {review.product}, {about}:
# {_in_a_line(review.summary)}
ops:
  {OP}:
    config:
      review: {review.id}
      decision: # {actions}
      by: # your name, as product.odps.yaml has it
      why: # for the record
      # until: "2013-12-01" # when it ceases to hold
"""


def _in_a_line(text: str) -> str:
    """A text with values of the data in it, as a comment that none of them can end."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
