"""Members that continue, in the simulated world: a share of the lives of `tests.core.lives`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.core import population_life, sim_reading
from tests.core.planting import Fault, Together
from tests.core.rules import RULES

LIVES = 160
CHUNKS = 4


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    with sim_reading.memory():
        yield


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_member_goes_on_from_the_right_thing(chunk: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(chunk * LIVES // CHUNKS, (chunk + 1) * LIVES // CHUNKS):
        life, violations = population_life.live(seed)
        assert not violations, f"seed {seed}: {violations[:3]}"
        seen += life.counts()
    for what in ("continued", "from scratch", "requeued", "moved or copied", "executors killed"):
        assert seen[what] > LIVES // CHUNKS // 4, f"{what} too seldom: {seen}"


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_rule_switched_off_breaks_a_life(
    rule: Fault | Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule.plant(monkeypatch)
    for seed in range(rule.near, rule.near + 1000):
        _, violations = population_life.live(seed)
        if violations:
            return
    pytest.fail(f"nothing broke without the rule: {rule.rule}")
