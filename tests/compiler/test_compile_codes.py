"""Codes, their words, their pages and their tests belong together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import rule_link, rule_section
from pbt_tui.diagnostics import finding, page, rule, rules
from tests.architecture.test_documents import anchors

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"PBT\d{3}")


def mentioned(folder: Path, without: str = "codes.py") -> set[str]:
    files = (p for p in folder.rglob("*.py") if not p.name.endswith(without))
    return {code for p in files for code in CODE.findall(p.read_text("latin-1"))}


def test_each_code_in_the_source_has_words_and_each_word_is_used() -> None:
    assert mentioned(ROOT / "pbt_tui") == set(rules())


def test_each_code_has_a_test() -> None:
    assert set(rules()) - mentioned(ROOT / "tests") == set()


def test_each_code_has_its_section_on_the_page_of_its_hundred() -> None:
    folder = ROOT / "docs/reference/rules"
    pages = {p.name: p.read_text("utf-8") for p in sorted(folder.glob("[0-9]*.md"))}
    heads = re.findall(r"^## (.*)$", "".join(pages.values()), re.MULTILINE)
    assert heads == list(rules())
    for code, rule_ in rules().items():
        name, _, anchor = rule_link(code).partition("#")
        assert name.startswith(f"{code[3]}xx-")
        assert rule_section(rule_).rstrip() in pages[name]
        assert anchor in anchors(pages[name])


def test_a_section_has_the_words_that_explain_prints() -> None:
    for rule_ in rules().values():
        assert re.findall(r"[\w`]+", rule_section(rule_).replace("](../../", "](docs/")) == (
            re.findall(r"[\w`]+", page(rule_))
        )


def test_words_are_in_the_style_of_the_house() -> None:
    for code, r in rules().items():
        assert CODE.fullmatch(code)
        assert r.title[:1] in "`ABCDEFGHIJKLMNOPQRSTUVWXYZ" or r.title[:1].islower()
        assert not r.title.endswith(".")
        assert r.explanation.endswith(".")
        assert r.example != r.cure
        assert "  " not in r.explanation
        assert r.level in ("error", "warning", "note")


def test_a_finding_takes_the_level_of_its_rule() -> None:
    assert finding("PBT401", "x").level == "error"
    assert finding("PBT421", "x").level == "note"
    assert finding("PBT421", "x", level="error").level == "error"
    with pytest.raises(KeyError):
        rule("PBT499")
    with pytest.raises(KeyError):
        rule("PBT999")
