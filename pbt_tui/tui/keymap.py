"""The keys that a person has chosen for actions, and how keys are written. Must not import Textual.

People write one character, or a name: `x`, `/`, `f5`, `ctrl+x`, `pagedown`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from pbt_tui.tui import actions
from pbt_tui.tui.actions import Action

_NAMED = {
    "enter": "Enter", "escape": "Esc", "space": "Space", "tab": "Tab", "backspace": "Backspace",
    "delete": "Del", "insert": "Ins", "home": "Home", "end": "End", "pageup": "PgUp",
    "pagedown": "PgDn", "up": "↑", "down": "↓", "left": "←", "right": "→",
    **{f"f{n}": f"F{n}" for n in range(1, 13)},
}  # fmt: skip
"""Keys that are no character, and how they are shown."""
_ALIASES = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown", "return": "enter"}
_MODIFIERS = ("ctrl", "alt", "shift")
_REPLACED = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at",
    "hyphen_minus": "minus", "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
"""Unicode's names of characters for which Textual has others."""
FIXED = ("interrupt",)
"""Actions whose keys stay: `ctrl+c` does nothing everywhere."""
KEPT = {
    "ctrl+c": "`ctrl+c` stops nothing here, and stays so",
    "ctrl+z": "`ctrl+z` is kept for the shell",
    "escape": "`escape` leaves prompts and dialogs, and stays `back`",
}
"""Keys that no action may have, and why."""
CONFIRMING = ("y", "enter")
"""Keys that confirm a request: pressed twice, they would ask and confirm at once."""
_ASKING = ("executor",)
"""Actions that ask for a confirmation although they send no request."""
_PAIRS = {"earlier": "later", "left": "right"}
"""Actions whose line in the help shows the keys of another action, too."""


def key_named(text: str) -> str | None:
    """The key as Textual names it; None if there is no such key.

    Args:
        text: A character or the name of a key, as a person writes it.

    Example:
        >>> key_named("/"), key_named("Ctrl+X"), key_named("pgdn"), key_named("X")
        ('slash', 'ctrl+x', 'pagedown', 'X')
        >>> key_named("hyper+x") is None
        True
    """
    if len(text) == 1:
        return _of_character(text)
    *modifiers, last = re.split(r"[+-](?=.)", text) if not text.startswith("-") else [text]
    given = [modifier.lower() for modifier in modifiers]
    if any(m not in _MODIFIERS for m in given) or len(set(given)) < len(given):
        return None
    name = _ALIASES.get(last.lower(), last.lower())
    if name in _NAMED:
        key: str | None = name
    elif len(last) == 1:
        key = _of_character(last.lower() if given else last)
        if "shift" in given:  # terminals send the character itself
            return None
    else:
        key = name if name in _named_characters() else None
    if key is None:
        return None
    return "+".join([*(m for m in _MODIFIERS if m in given), key])


def _of_character(text: str) -> str | None:
    if text == " ":
        return "space"
    if text.isalnum():
        return text if text.isascii() else None
    try:
        name = unicodedata.name(text).lower().replace("-", "_").replace(" ", "_")
    except ValueError:
        return None
    return _REPLACED.get(name, name) if text.isascii() and text.isprintable() else None


def _named_characters() -> dict[str, str]:
    """Textual's name of each ASCII character that is no letter or digit -> the character."""
    signs = (chr(code) for code in range(33, 127) if not chr(code).isalnum())
    return {_of_character(sign) or sign: sign for sign in signs}


def shown(key: str) -> str:
    """A key of Textual as people read it.

    Example:
        >>> shown("slash"), shown("ctrl+x"), shown("pagedown"), shown("X")
        ('/', 'Ctrl-X', 'PgDn', 'X')
    """
    *modifiers, last = key.split("+")
    text = _NAMED.get(last) or _named_characters().get(last, last)
    if modifiers and len(text) == 1:
        text = text.upper()
    return "-".join([*(m.capitalize() for m in modifiers), text])


class Keymap(Struct, frozen=True):
    """The keys of actions that have others than by default."""

    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """`page.action` -> its keys as Textual names them."""

    def on(self, page: str) -> Iterator[Action]:
        """The actions of a page, with the keys that they have."""
        for action in actions.on(page):
            yield self._with_keys(action, page)

    def bar(self, page: str, also: str = "", travels: bool = False) -> list[Action]:
        """The actions in the key bar of a page, as `actions.bar` has them."""
        return [self._with_keys(action, page) for action in actions.bar(page, also, travels)]

    def sign(self, page: str, action: str) -> str:
        """The first key of an action as people read it, for texts; empty: it has none there.

        Example:
            >>> Keymap({"jobs.problems": ("f3",)}).sign("jobs", "problems")
            'F3'
        """
        signs = [a.shown.split() for a in self.on(page) if a.id == action]
        return signs[0][0] if signs and signs[0] else ""

    def bindings(self) -> dict[str, str]:
        """The same in Textual's form."""
        return {name: ",".join(keys) for name, keys in self.chosen.items()}

    def _with_keys(self, action: Action, page: str) -> Action:
        if not self.chosen:
            return action
        keys = self.chosen.get(f"{page}.{action.id}")
        other = _PAIRS.get(action.id) or next((a for a, b in _PAIRS.items() if b == action.id), "")
        if keys is None:
            if f"{page}.{other}" not in self.chosen:
                return action
            keys = tuple(action.keys.split(","))
        return action.with_keys(",".join(keys), " ".join(map(shown, keys)))


class Fault(NamedTuple):
    """What is wrong with a key."""

    name: str
    """The entry: `action` or `page.action`."""
    why: str
    hint: str | None = None


def keymap(wanted: Mapping[str, tuple[str, ...]]) -> tuple[Keymap, list[Fault]]:
    """The keymap, and what is wrong with it.

    Args:
        wanted: An action, or `page.action`, and its keys as people write them. What is for one page
            comes before what is for all.

    Example:
        >>> found, wrong = keymap({"cancel": ("X",), "log.wrap": ("f4",)})
        >>> found.chosen["job.cancel"], found.chosen["log.wrap"], wrong
        (('X',), ('f4',), [])
    """
    wrong: list[Fault] = []
    chosen: dict[str, tuple[str, ...]] = {}
    origin: dict[str, str] = {}
    for name in sorted(wanted, key=lambda name: "." in name):
        page, _, action = name.rpartition(".")
        keys, faults = _keys(name, action, wanted[name])
        wrong += faults or _unknown(name, page, action)
        if faults:
            continue
        for each in actions.PAGES:
            if page in ("", each) and any(a.id == action for a in actions.on(each)):
                chosen[f"{each}.{action}"] = keys
                origin[f"{each}.{action}"] = name
    return Keymap(chosen), wrong or _clashes(Keymap(chosen), origin)


def _keys(name: str, action: str, texts: tuple[str, ...]) -> tuple[tuple[str, ...], list[Fault]]:
    keys: list[str] = []
    wrong: list[Fault] = []
    asks = any(a.id == action and (a.asks or a.id in _ASKING) for a in actions.ACTIONS)
    for text in texts:
        key = key_named(text)
        if key is None:
            hint = "write one character, or a name such as `ctrl+x`, `f5` or `pagedown`"
            wrong.append(Fault(name, f"there is no key `{text}`", hint))
        elif key in KEPT and not (key == "escape" and action == "back"):
            wrong.append(Fault(name, KEPT[key]))
        elif key in CONFIRMING and asks:
            why = f"`{text}` confirms a request: it cannot be the key that asks for one"
            wrong.append(Fault(name, why))
        elif key not in keys:
            keys.append(key)
    if not texts:
        wrong.append(Fault(name, "expected at least one key"))
    return tuple(keys), wrong


def _unknown(name: str, page: str, action: str) -> list[Fault]:
    from difflib import get_close_matches

    if page and page not in actions.PAGES:
        near = get_close_matches(page, actions.PAGES, n=1)
        return [Fault(name, f"there is no page `{page}`", _meant(near))]
    known = {a.id for a in (actions.on(page) if page else actions.ACTIONS)} - {*FIXED}
    if action in known:
        return []
    if any(a.id == action for a in actions.ACTIONS) and page and action not in FIXED:
        return [Fault(name, f"the page `{page}` has no action `{action}`")]
    near = get_close_matches(action, sorted(known), n=1)
    return [Fault(name, f"there is no action `{action}`", _meant(near))]


def _meant(near: list[str]) -> str | None:
    return f"did you mean `{near[0]}`" if near else None


def _clashes(found: Keymap, origin: Mapping[str, str]) -> list[Fault]:
    """A key that would mean two things on one page: told once for each entry and key."""
    wrong: dict[tuple[str, str], Fault] = {}
    for page in actions.PAGES:
        owner: dict[tuple[str, bool], str] = {}
        for action in found.on(page):
            for key in action.keys.split(","):
                # the keys of a travel in time come first while there is one
                other = owner.setdefault((key, action.travels), action.id)
                if other == action.id:
                    continue
                one, two = f"{page}.{action.id}", f"{page}.{other}"
                mine, theirs = (one, two) if one in origin else (two, one)
                name, taker = origin[mine], theirs.partition(".")[2]
                text = f"on the page `{page}`, `{_written(key)}` is the key of `{taker}`, too"
                hint = f"give `{taker}` another key, or take another one here"
                wrong.setdefault((name, key), Fault(name, text, hint))
    return list(wrong.values())


def _written(key: str) -> str:
    """A key as a person writes it."""
    head, plus, last = key.rpartition("+")
    return head + plus + _named_characters().get(last, last)
