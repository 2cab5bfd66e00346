"""Performs what a person has typed at the prompt, on the page where it was typed.

Requests ask for confirmation, as they do after a key. Must not import a screen by its name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, cast

from pbt_tui.journal.state import JobState
from pbt_tui.tui import column_choice, prompt_language, query, themes
from pbt_tui.tui.model import gpu_jobs
from pbt_tui.tui.preferences import THEMES
from pbt_tui.tui.prompt_language import Command, Known, Misunderstood
from pbt_tui.tui.screens.page import Page

if TYPE_CHECKING:
    from pbt_tui.tui.sort_orders import SortOrder

MOST = 100
"""Texts that the history keeps."""


class JobsPage(Protocol):
    """What the main screen does for a command."""

    def set_filter(self, text: str) -> None: ...

    def show_job(self, index: int) -> None: ...

    def changed(self, change: None) -> None: ...


def known(page: Page) -> Known:
    """What arguments may be, for completion."""
    model = page.model
    gpus = (gpu for gpu, _ in gpu_jobs(model.state))
    return Known(
        jobs=[job.spec.id for job in model.state.jobs[:20_000]],
        themes=theme_names(page),
        orders=[_order_name(order) for order in _orders(page).values()],
        fields=[f"{field}:" for field in query.FIELDS if " " not in field],
        columns=[*column_choice.NAMES, *_parameters(page)],
        pages=_pages(page),
        gpus=[str(gpu.uuid if gpu.index is None else gpu.index) for gpu in gpus],
    )


def run(page: Page, text: str) -> None:
    """Performs a command, or says why it cannot.

    Args:
        page: The page on which the prompt was opened.
        text: What a person typed.
    """
    found = prompt_language.parse(text, page.PAGE)
    if isinstance(found, Misunderstood):
        page.say(found.why, "warn")
    elif found is not None:
        special = _SPECIAL.get(found.action)
        if special is not None and (found.argument or prompt_language.VERBS[found.action].must):
            special(page, found)
        elif found.action == prompt_language.AT:
            page.jump_to(found.argument)
        else:
            _act(page, found.action)


def _act(page: Page, name: str) -> None:
    """An action as its key performs it; one that the page has not is performed by the jobs."""
    action = getattr(page, f"action_{name}", None)
    if action is None and name != "columns":
        page.host.go("jobs")
        page = _top(page)
        action = getattr(page, f"action_{name}", None)
    if name == "columns":
        page.model.choose_columns(())
        page.changed(None)
    elif action is not None:
        result = action()
        if inspect.isawaitable(result):
            page.app.call_later(lambda: result)


def _top(page: Page) -> Page:
    return cast(Page, page.app.page)  # type: ignore[attr-defined]


def _jobs_page(page: Page) -> JobsPage:
    page.host.go("jobs")
    return cast(JobsPage, _top(page))


# -- jobs ------------------------------------------------------------------------------------------


def _found(page: Page, text: str) -> list[JobState]:
    jobs = page.model.state.jobs
    ids = [job.spec.id for job in jobs]
    found = [jobs[index] for index in prompt_language.find_jobs(text, ids)]
    if not found:
        page.say(f"no job `{text}`{prompt_language.nearest(text, ids[:5000])}", "warn")
    return found


def _goto(page: Page, command: Command) -> None:
    found = _found(page, command.argument)
    if not found:
        return
    job, more = found[0], len(found) - 1
    if page.PAGE == "log":
        if job.attempts:
            page.app.pop_screen()
        page.host.open_log(job)
    elif page.PAGE == "job":
        page.app.pop_screen()
        page.host.open_job(job, [one.spec.id for one in found])
    else:
        _jobs_page(page).show_job(job.index)
    if more:
        page.host.say(f"{job.spec.id}, the first of {len(found)} jobs that match")


def _request(page: Page, command: Command) -> None:
    found = _found(page, command.argument)
    requests = page.host.requests
    if not found:
        return
    if command.action == "cancel":
        requests.ask("cancel", found)
    elif command.action == "kill":
        requests.ask("kill", found)
    else:
        requests.ask("retry", found, anew=command.action == "from_scratch")


def _drain(page: Page, command: Command) -> None:
    names = [{str(gpu.index), str(gpu.uuid)} - {"None"} for gpu, _ in gpu_jobs(page.model.state)]
    wanted = command.argument.removeprefix("GPU").strip()
    if names and not any(wanted in of_gpu for of_gpu in names):
        page.say(f"no GPU `{command.argument}` in this run", "warn")
    else:
        page.host.requests.drain(wanted)


# -- the table -------------------------------------------------------------------------------------


def _orders(page: Page) -> Mapping[str, SortOrder]:
    return page.model.rows.offered(page.model.useless_columns)


def _order_name(order: SortOrder) -> str:
    return order.name.replace(" ", "_").lower()


def _sort(page: Page, command: Command) -> None:
    orders = _orders(page)
    wanted = command.argument.strip().lower()
    back = wanted.startswith("-")
    wanted = wanted.removeprefix("-").strip().replace(" ", "_")
    titles = {title: name for name, title in column_choice.NAMES.items()}
    for letter, order in orders.items():
        if wanted in (_order_name(order), order.column.lower(), titles.get(order.column)):
            page.model.rows.sort_by(letter, back)
            _jobs_page(page).changed(None)
            return
    near = prompt_language.nearest(wanted, map(_order_name, orders.values()))
    page.say(f"no order `{wanted}`{near}", "warn")


def _filter(page: Page, command: Command) -> None:
    _jobs_page(page).set_filter(command.argument)


def _parameters(page: Page) -> list[str]:
    names = column_choice.names_of(page.model.state.spec.jobs)
    return [name.rpartition(".")[2] for name in names]


def _columns(page: Page, command: Command) -> None:
    names = command.argument.replace(",", " ").split()
    why = next(column_choice.faults(names), None)
    parameters = column_choice.names_of(page.model.state.spec.jobs)
    if why is None:
        unknown = column_choice.choice(names, parameters)[1]
        known = [*column_choice.NAMES, *_parameters(page)]
        for name in unknown[:1]:
            why = (f"no column `{name}`{prompt_language.nearest(name, known)}", None)
    if why is not None:
        page.say(why[0] + (f": {why[1]}" if why[1] else ""), "warn")
        return
    page.model.choose_columns(names)
    _jobs_page(page).changed(None)


# -- the monitor -----------------------------------------------------------------------------------


def theme_names(page: Page) -> list[str]:
    """The names of all themes, those of the monitor first."""
    ours = {*themes.NAMES.values()}
    return list(dict.fromkeys([*THEMES, *(n for n in page.app.available_themes if n not in ours)]))


def _theme(page: Page, command: Command) -> None:
    known = theme_names(page)
    if command.argument not in known:
        near = prompt_language.nearest(command.argument, known)
        page.say(f"no theme `{command.argument}`{near}", "warn")
        return
    page.app.theme = themes.NAMES.get(command.argument, command.argument)


def _pages(page: Page) -> list[str]:
    actions = (a.id for a in page.host.keymap.on(page.PAGE))
    return [
        name.removeprefix("page_")
        for name in actions
        if name.startswith("page_") and name not in ("page_up", "page_down")
    ]


def _page(page: Page, command: Command) -> None:
    pages = _pages(page)
    if command.argument in pages:
        _act(page, f"page_{command.argument}")
    else:
        near = prompt_language.nearest(command.argument, pages) or f": {', '.join(pages)}"
        page.say(f"no page `{command.argument}`{near}", "warn")


_SPECIAL: Mapping[str, Callable[[Page, Command], None]] = {
    "goto": _goto,
    "theme": _theme,
    "sort": _sort,
    "filter": _filter,
    "columns": _columns,
    "page": _page,
    "drain": _drain,
    "cancel": _request,
    "kill": _request,
    "retry": _request,
    "from_scratch": _request,
}


def remember(history: list[str], text: str) -> None:
    """Adds a text to the history, once."""
    text = text.strip()
    if text:
        history[:] = [*(one for one in history if one != text), text][-MOST:]
