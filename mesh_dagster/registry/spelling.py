"""Typing errors: of the words that a mesh has, those that one comes nearest to."""

from __future__ import annotations

import sqlite3

_CANDIDATES = 60
_MOST = 3
_ENDING = 3
_SHORT, _LONG = 5, 9
"""Up to so many letters one may be wrong, and from so many on three; between them two."""


def nearest_terms(connection: sqlite3.Connection, word: str) -> tuple[str, ...]:
    """The words of an index that a word was probably meant to be, the nearest first.

    Those that share most runs of three letters with it are compared letter by letter.
    """
    if len(word) < 3 or len(word) > 40:
        return ()
    grams = dict.fromkeys(word[at : at + 3] for at in range(len(word) - 2))
    match = " OR ".join(f'"{each}"' for each in grams)
    allowed = 1 if len(word) <= _SHORT else 2 if len(word) < _LONG else 3
    shared = connection.execute(
        "select term from spelling where spelling match ? order by rank limit ?",
        (match, _CANDIDATES),
    )
    near = []
    for (term,) in shared:
        found = distance(word, term)
        if 0 < len(word) - len(term) <= _ENDING:
            # Terms are stems: `departur`. What a stem leaves off is no error.
            found = min(found, distance(word[: len(term)], term))
        if found <= allowed:
            near.append((found, abs(len(term) - len(word)), term))
    best = min((found for found, _, _ in near), default=0)
    return tuple(term for found, _, term in sorted(near) if found == best)[:_MOST]


def distance(one: str, other: str) -> int:
    """How many letters are wrong, missing or too many, or changed places with the next."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        here = [row]
        for at, against in enumerate(other, 1):
            cost = min(last[at] + 1, here[-1] + 1, last[at - 1] + (letter != against))
            swapped = row > 1 and at > 1 and letter == other[at - 2] and one[row - 2] == against
            here.append(min(cost, before[at - 2] + 1) if swapped else cost)
        before, last = last, here
    return last[-1]
