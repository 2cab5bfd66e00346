"""A screen that performs each key before it looks at the next one.

Textual dispatches keys that arrive together to the screen that is on top, and performs their
bindings later. A screen or a dialog that the first key opens would then not get the second one.
"""

from __future__ import annotations

from textual import events
from textual.screen import Screen, ScreenResultType


class OrderedKeys(Screen[ScreenResultType]):
    async def on_key(self, event: events.Key) -> None:
        top = self.app.screen
        if top is not self:  # an earlier key opened or closed a screen
            event.stop()
            event.prevent_default()
            top.post_message(events.Key(event.key, event.character))
        elif self.takes(event):
            event.stop()
            event.prevent_default()
        elif self.focused is None:
            active = self.active_bindings.get(event.key)
            if active is not None and active.node is self and active.enabled:
                event.stop()
                event.prevent_default()
                await self.run_action(active.binding.action)

    def takes(self, event: events.Key) -> bool:
        """Whether the screen itself has used the key, as text or as an answer."""
        return False
