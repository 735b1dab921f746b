"""How the app comes to know of what happened: told by webhook, or found by looking."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenarios.harness import Story

Tell = Callable[[Story, Callable[[], str | None]], str]


def heard(story: Story, deed: Callable[[], str | None]) -> str:
    """The webhooks arrive."""
    answer = deed()
    story.until("+10min")
    return answer or ""


def reconciled(story: Story, deed: Callable[[], str | None]) -> str:
    """Every webhook is lost; the next night's reconcile finds it."""
    answer = story.unheard(deed)
    story.until("+1d")
    return answer or ""


BOTH = pytest.mark.parametrize(
    "tell", [pytest.param(heard, id="by webhook"), pytest.param(reconciled, id="by reading")]
)
