"""`pbt-run` that reads the logs ten times a second, and tells of each better objective."""

from __future__ import annotations

from pbt_tui.cli.run import entry
from pbt_tui.executor import sampler
from pbt_tui.observe.progress import objective_news

if __name__ == "__main__":
    sampler.INTERVAL, sampler.SHARE = 0.1, 1.0
    objective_news.BEST_EVERY = 0.1
    entry()
