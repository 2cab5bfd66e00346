"""Who gets which colour: eight hues that people with any colour vision can tell apart.

With up to eight members each has its own. Of more, the best have one, and the others are grey.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

HUES = tuple(f"hue{i}" for i in range(8))
"""Styles of the hues; each theme has its colours."""
GREY = "dim"
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def hues(order: Sequence[int], always: Iterable[int] = (), most: int = len(HUES)) -> dict[int, str]:
    """The hue of each number that has one, preferably that of the number itself.

    Args:
        order: numbers of members or founders, the most important first.
        always: numbers that have one in any case.
        most: how many have one.

    Example:
        >>> hues([9, 1, 2], most=2)
        {9: 'hue1', 1: 'hue2'}
    """
    named = [n for n in always if n in order]
    first = order if len(order) <= most else [n for n in order if n not in named]
    first = first[: most if len(order) <= most else most - len(named)]
    found: dict[int, str] = {}
    free = list(HUES)
    chosen = [*first, *(n for n in named if n not in first)]
    for wish in (True, False):  # each its own hue, as long as nobody more important has it
        for number in chosen:
            own = HUES[number % len(HUES)]
            if number not in found and free and (not wish or own in free):
                found[number] = own if own in free else free[0]
                free.remove(found[number])
    return {number: found[number] for number in chosen if number in found}


def letter(number: int) -> str:
    """The ASCII letter that draws a member.

    Args:
        number: index of the member.

    Example:
        >>> letter(3), letter(12), letter(40)
        ('3', 'c', '+')
    """
    return _LETTERS[number] if 0 <= number < len(_LETTERS) else "+"
