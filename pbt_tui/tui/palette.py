"""The command palette: the actions of the top screen, by name."""

from __future__ import annotations

from functools import partial
from typing import cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from pbt_tui.tui.host import Host

_MOVES = ("down", "up", "page_down", "page_up", "first", "last", "palette", "command")


class ActionCommands(Provider):
    def _offers(self) -> list[tuple[str, str, str]]:
        page = getattr(self.screen, "PAGE", "")
        return [
            (a.id.replace("_", " "), f"{a.help} ({a.shown})", a.id)
            for a in cast(Host, self.app).keymap.on(page)
            if a.shown and a.id not in _MOVES and self.screen.check_action(a.id, ())
        ]

    async def discover(self) -> Hits:
        for name, text, action in self._offers():
            yield DiscoveryHit(name, partial(self._run, action), help=text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, text, action in self._offers():
            score = max(matcher.match(name), matcher.match(text) / 2)
            if score > 0:
                yield Hit(score, matcher.highlight(name), partial(self._run, action), help=text)

    async def _run(self, action: str) -> None:
        await self.screen.run_action(action)
