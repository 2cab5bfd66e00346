"""What is said of a base command: the part that differs, what a shell would act on, launchers."""

from __future__ import annotations

import pytest

from pbt_tui.compiler.command_checks import differing, with_quotes
from pbt_tui.settings import argv as words

LONG = " ".join(f"--option_{k}={k}" for k in range(40))


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        (f"python t.py {LONG} --note='a b'", "`--note=a b`", "`--note='a`, `b'`"),
        (f"python t.py --note='a' {LONG}", "`--note=a`", "`--note='a'`"),
        (f"python t.py  {LONG}", "nothing", "``"),
        (
            f"python t.py --path={'x' * 200}'y'",
            f"`…{'x' * 24}y`",
            f"`…{'x' * 24}'y'`",
        ),
    ],
)
def test_only_what_differs_is_shown(text: str, ours: str, theirs: str) -> None:
    assert differing(words.split(text), words.original(text)) == (ours, theirs)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("python t.py --note='a'", "\"--note='a'\""),
        ('python t.py --note="a"', "'--note=\"a\"'"),
        ("python t.py --note='$x'", None),  # neither kind of quotes keeps both
        ("python t.py --note=it\\'s", None),
        ("python t.py \\\"it\\'s", None),
        ("python t.py --note='a b'", None),  # other words, and not the same ones in quotes
    ],
)
def test_quotes_are_kept_by_other_quotes(text: str, kept: str | None) -> None:
    ours, theirs = words.split(text), words.original(text)
    assert with_quotes(ours, theirs) == kept
    if kept is not None:
        assert words.split(kept)[0] in theirs


@pytest.mark.parametrize(
    ("text", "acting"),
    [
        ("python t.py --data=$HOME/data", ["--data=$HOME/data"]),
        ('python t.py "$@"', ["$@"]),
        ("python t.py $1 `whoami` ~/x", ["$1", "`whoami`", "~/x"]),
        ("python t.py >log.txt 2>/dev/null", [">log.txt", "2>/dev/null"]),
        ("python t.py |tee log && rm x; ls", ["|tee", "&&", "x;"]),
        ("python t.py -c $HOME/config.yaml", ["$HOME/config.yaml"]),
        ("python t.py < in.txt", ["<"]),
        ("bash -c 'cd $X && exec python t.py \"$@\"' bash", []),
        ("/bin/sh -ec 'echo `date`' --data=$HOME", ["--data=$HOME"]),
        ("python3.11 -c 'import t; t.main(\"$x\")'", []),
        ("python t.py --price='$5' --x=\\$y", []),
        ("python t.py --x=$\\\ny", ["--x=$y"]),
        ("python t.py --dir=${oc.env:HOME} --eos <s> --url=a?b&c --x=(1,) --re=^a|b$", []),
    ],
)
def test_what_only_a_shell_interprets(text: str, acting: list[str]) -> None:
    assert words.meant_for_a_shell(text, words.split(text)) == acting


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("python t.py # faster", True),
        ("# python t.py", True),
        ("python t.py #--lr=1", True),
        ("python t.py --colour=#fff", False),
        ("python t.py '# no comment'", False),
        ("python t.py \\# x", False),
        ("python t.py \\\n# faster", True),
        ("python t.py --colour=\\\n#fff", False),
        ("python t.py \v#fff", False),
    ],
)
def test_comments(text: str, said: bool) -> None:
    assert words.comment(text) == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("torchrun --nproc_per_node=8 t.py", ("--nproc_per_node=8", 8)),
        ("torchrun --nproc-per-node 4 t.py", ("--nproc-per-node 4", 4)),
        ("accelerate launch --num_processes 2 t.py", ("--num_processes 2", 2)),
        ("torchrun --nproc_per_node=gpu t.py", None),
        ("python t.py --nproc 8", None),
        ("torchrun t.py --nproc_per_node", None),
    ],
)
def test_processes_that_a_launcher_starts(text: str, found: tuple[str, int] | None) -> None:
    assert words.processes_per_node(text.split()) == found
