"""What somebody who mistyped a name is likely to have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, among: Iterable[str]) -> str | None:
    """The known name that is closest to a word; None when none is near."""
    from difflib import get_close_matches

    by_lower = {each.lower(): each for each in among}
    close = get_close_matches(word[:100].lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def did_you_mean(word: str, among: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or the names there are when none is near."""
    known = list(among)
    found = nearest(word, known)
    if found is not None:
        return f"; did you mean `{found}`?"
    listed = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
    return f"; there are: {listed}" if known else "; there are none"
