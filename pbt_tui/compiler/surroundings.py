"""Other surroundings for an import: another clock, process id, host, user and git revision.

Lives in the child. The second load of a run module sees these, and its description must not change.
Each source is left alone, pinned (the same value in every process) or moved (another value). Python
functions are replaced where a module can reach them; a compiled extension sees the real values.
"""

from __future__ import annotations

import os
import sys
import time

from pbt_tui.compiler.program_output import TOOLS, changed_program
from pbt_tui.compiler.traceback_origin import of_caller, theirs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

SHIFT = 796 * 86400 + 7 * 3600 + 13 * 60 + 11
"""Seconds that a moved clock is ahead: from the year to the second all differ."""
PINNED_TIME = 1_700_000_000
_USER_VARIABLES = frozenset(("USER", "LOGNAME", "LNAME", "USERNAME"))
_VARIABLES = dict.fromkeys(_USER_VARIABLES, "user") | {"HOSTNAME": "host", "HOME": "home"}


def other(text: str) -> str:
    """A text of the same shape: each letter and digit is replaced by the next one."""
    return "".join(_NEXT.get(c, c) for c in text)


def _next(letters: str) -> dict[str, str]:
    return dict(zip(letters, letters[1:] + letters[0], strict=True))


_NEXT = (
    _next("abcdefghijklmnopqrstuvwxyz") | _next("ABCDEFGHIJKLMNOPQRSTUVWXYZ") | _next("0123456789")
)


class Surroundings:
    """The replaced functions, and which sources the import has asked.

    `asked` maps a source to the function, the file and the line of the call, as far as there is
    only one. A call in the user's own files goes before one in a package.
    """

    def __init__(self, moved: tuple[str, ...], pinned: tuple[str, ...]) -> None:
        self.moved = frozenset(moved)
        self.pinned = frozenset(pinned)
        self.asked: dict[str, tuple[str, str | None, int | None]] = {}
        self.direct: set[str] = set()
        self.ticks = 0
        self.random_state: Any = None
        self.numpy_state: Any = None
        self.hooks: dict[str, Callable[[ModuleType], None]] = {
            "datetime": self._datetime,
            "numpy.random": self._numpy,
            "platform": self._platform,
            "pwd": self._pwd,
            "random": self._random,
            "socket": self._socket,
            "subprocess": self._subprocess,
            "tempfile": self._tempfile,
            "uuid": self._uuid,
        }
        """What to do with a module of this name once it is imported."""

    def install(self) -> None:
        """Replaces the functions of modules that are loaded already; the hooks do the others."""
        self._time()
        self._os()
        for name, hook in self.hooks.items():
            if (module := sys.modules.get(name)) is not None:
                hook(module)

    def report(self) -> dict[str, tuple[str, str | None, int | None]]:
        """The sources that were asked; whether `random` was drawn from is told by its state."""
        random, numpy = sys.modules.get("random"), sys.modules.get("numpy.random")
        drawn = random is not None and random.getstate() != self.random_state
        if drawn or (numpy is not None and _numpy_state(numpy) != self.numpy_state):
            self.asked.setdefault("random", ("random" if drawn else "numpy.random", None, None))
        return self.asked

    def _note(self, source: str, function: str) -> bool:
        """Notes a call, two frames up; returns whether the user's own code makes it."""
        frame = sys._getframe(2)
        if theirs(frame.f_code.co_filename):
            self._note_direct(source, function, frame.f_code.co_filename, frame.f_lineno)
            return True
        if source not in self.asked:
            file, line = of_caller(frame)
            if file is not None:  # else it is ours
                self.asked[source] = (function, file, line)
        return False

    def _note_direct(self, source: str, function: str, file: str, line: int | None) -> None:
        """A second place is no more likely than the first: then neither is named."""
        if source in self.direct:
            known, at, row = self.asked[source]
            same = (file, line) == (at, row)
            self.asked[source] = (known * (function == known), at, row if same else None)
        else:
            self.direct.add(source)
            self.asked[source] = (function, file, line)

    def _tick(self) -> float:
        """The pinned clock goes on a second at each call, so that no loop waits for ever."""
        self.ticks += 1
        return PINNED_TIME + self.ticks + self._ahead

    @property
    def _ahead(self) -> int:
        return SHIFT if "clock" in self.moved else 0

    def _time(self) -> None:
        clock, note = "clock", self._note
        real_time, pinned = time.time, clock in self.pinned

        def now() -> float:
            return self._tick() if pinned else real_time() + self._ahead

        self.now = now

        def reader(name: str) -> None:
            real = getattr(time, name)
            scale = 10**9 if name.endswith("_ns") else 1

            def read(*args: Any) -> Any:
                own = note(clock, f"time.{name}")
                if pinned and (own or name.startswith("time")):
                    return int(self._tick() * scale) if scale > 1 else self._tick()
                return real(*args) + self._ahead * scale

            setattr(time, name, read)

        for name in ("time", "monotonic", "perf_counter", "clock_gettime"):
            reader(name)
            reader(f"{name}_ns")

        def broken_down(name: str) -> None:
            real = getattr(time, name)

            def read(seconds: Any = None) -> Any:
                if seconds is not None:
                    return real(seconds)
                note(clock, f"time.{name}")
                return real(now())

            setattr(time, name, read)

        real_localtime = time.localtime
        for name in ("localtime", "gmtime", "ctime"):
            broken_down(name)
        real_strftime, real_asctime = time.strftime, time.asctime

        def strftime(form: str, *at: Any) -> str:
            if not at:
                note(clock, "time.strftime")
            return real_strftime(form, *(at or (real_localtime(now()),)))

        def asctime(*at: Any) -> str:
            if not at:
                note(clock, "time.asctime")
            return real_asctime(*(at or (real_localtime(now()),)))

        time.strftime, time.asctime = strftime, asctime

    def _datetime(self, module: ModuleType) -> None:
        from pbt_tui.compiler.moved_datetime import replace

        replace(module, self.now, self._note)

    def _os(self) -> None:
        note: Any = self._note

        def replaced(name: str, source: str, value: Callable[[Any, bool], Any]) -> None:
            real = getattr(os, name, None)
            if real is None:
                return

            def read(*args: Any) -> Any:
                own = note(source, f"os.{name}")
                return value(real(*args), own)

            setattr(os, name, read)

        def pid(real: int, own: bool) -> int:
            return (4343 if "pid" in self.moved else 4242) if "pid" in self.pinned else real

        def user(real: Any, own: bool) -> Any:
            if "user" not in self.moved:
                return real
            # a package compares the number with those of files
            return other(real) if isinstance(real, str) else real + own

        def entropy(real: bytes, own: bool) -> bytes:
            if "entropy" not in self.pinned:
                return real
            self.ticks += 1
            first = (self.ticks * 7 + ("entropy" in self.moved) * 101) % 256
            return bytes((first + k) % 256 for k in range(len(real)))

        for name in ("getpid", "getppid"):
            replaced(name, "pid", pid)
        for name in ("getlogin", "getuid", "geteuid"):
            replaced(name, "user", user)
        for name in ("urandom", "getrandom"):
            replaced(name, "entropy", entropy)
        real_uname = os.uname

        def uname() -> os.uname_result:
            note("host", "os.uname")
            found = real_uname()
            return os.uname_result((found[0], self._host(found[1]), *found[2:]))

        os.uname = uname
        self._environment()

    def _host(self, name: str) -> str:
        return other(name) if "host" in self.moved else name

    def _environment(self) -> None:
        """Reads of variables that name the user or the host; programs inherit the real ones."""
        kind: Any = type(os.environ)
        real_get = kind.__getitem__

        def read(environ: Any, key: Any) -> Any:
            if key not in _VARIABLES or environ is not os.environ:
                return real_get(environ, key)
            source = _VARIABLES[key]
            self._note(source, f'os.environ["{key}"]')
            if source not in self.moved:
                return real_get(environ, key)
            try:
                return other(real_get(environ, key))
            except KeyError:
                if source != "user":
                    raise
                return "elsewhere"

        kind.__getitem__ = read

    def _pwd(self, module: Any) -> None:
        real = module.getpwuid

        def getpwuid(uid: int) -> Any:
            self._note("user", "pwd.getpwuid")
            if "user" not in self.moved:
                return real(uid)
            try:
                found = real(uid)
            except KeyError:  # a number that was moved
                found = real(uid - 1)
            return module.struct_passwd((other(found[0]), *found[1:]))

        module.getpwuid = getpwuid

    def _socket(self, module: Any) -> None:
        real_name, real_full = module.gethostname, module.getfqdn

        def gethostname() -> str:
            self._note("host", "socket.gethostname")
            return self._host(real_name())

        def getfqdn(name: str = "") -> str:
            if name:
                return str(real_full(name))
            self._note("host", "socket.getfqdn")
            return self._host(real_full(real_name()))

        module.gethostname, module.getfqdn = gethostname, getfqdn

    def _platform(self, module: Any) -> None:
        module._uname_cache = None  # a `sitecustomize` may have asked for it before

    def _random(self, module: Any) -> None:
        module._urandom = os.urandom  # `secrets` draws from it
        if "random" in self.pinned:
            module.seed("random" in self.moved)
        self.random_state = module.getstate()

    def _numpy(self, module: Any) -> None:
        if "random" in self.pinned:
            module.seed(int("random" in self.moved))
        self.numpy_state = _numpy_state(module)

    def _tempfile(self, module: Any) -> None:
        real = module._get_candidate_names

        def names() -> Any:
            self._note("tempfile", "tempfile")
            return real()

        module._get_candidate_names = names

    def _uuid(self, module: Any) -> None:
        def replaced(name: str) -> None:
            real = getattr(module, name)

            def make(*args: Any, **kwargs: Any) -> Any:
                self._note("entropy", f"uuid.{name}")
                if "entropy" in self.pinned:
                    return module.UUID(bytes=os.urandom(16), version=4)
                return real(*args, **kwargs)

            setattr(module, name, make)

        for name in ("uuid1", "uuid4"):
            replaced(name)
        real_node = module.getnode

        def getnode() -> int:
            self._note("host", "uuid.getnode")
            return int(real_node()) + ("host" in self.moved)

        module.getnode = getnode

    def _subprocess(self, module: Any) -> None:
        real = module.Popen.__init__

        def start(popen: Any, args: Any, *rest: Any, **kwargs: Any) -> None:
            if not rest and kwargs.get("executable") is None:
                args = self._filtered(args, bool(kwargs.get("shell")))
            real(popen, args, *rest, **kwargs)

        module.Popen.__init__ = start

    def _filtered(self, args: Any, shell: bool) -> Any:
        """The command, with the output of the programs changed that tell a moved source."""
        if shell:
            command = args if isinstance(args, str) else None
            words = command.replace("`", " ").replace("$(", " ").split() if command else []
        else:
            command, words = None, list(args)[:1] if isinstance(args, (list, tuple)) else []
        names = [os.path.basename(str(word)) for word in words]  # noqa: PTH119
        changes = {}
        for name in names:
            if (source := TOOLS.get(name)) is not None:
                self._note_program(source, name)
                if source in self.moved or (source == "clock" and source in self.pinned):
                    changes[name] = self._change(source)
        if not changes:
            return args
        functions = "\n".join(changed_program(name, change) for name, change in changes.items())
        if command is not None:
            return f"{functions}\n{command}"
        return ["/bin/sh", "-c", f'{functions}\n{names[0]} "$@"', names[0], *args[1:]]

    def _note_program(self, source: str, name: str) -> None:
        file, line = of_caller(sys._getframe(2))
        if file is not None:
            self._note_direct(source, name, file, line)

    def _change(self, source: str) -> str:
        """The arguments of `tr`."""
        if source == "revision":
            return "0-9a-f 1-90b-fa"
        if source != "clock":
            return "a-zA-Z0-9 b-zaB-ZA1-90"
        if source not in self.pinned:
            return "0-9 1-90"
        return f"0-9 {'2' if source in self.moved else '1'}"


def _numpy_state(module: Any) -> Any:
    try:
        state = module.get_state()
        return bytes(state[1]), state[2:]
    except Exception:  # something else of that name
        return None
