"""What is on the screen, told to those who compute it, so that the rest costs nothing."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QWidget

from rnnviz.app.gradients_page import GradientsPage
from rnnviz.app.live_run import LiveRun
from rnnviz.app.panel_page import PanelPage, on_screen
from rnnviz.app.probe_page import ProbePage
from rnnviz.app.train_page import TrainPage


def anything_is_seen(window: QWidget, pages: Iterable[PanelPage]) -> bool:
    """Whether the window or one of a panel's own is on the screen."""
    panels = (panel for page in pages for panel in page.panels)
    return on_screen(window) or any(on_screen(panel) for panel in panels)


def seed_is_seen(train: TrainPage) -> bool:
    """Whether a panel that shows what the network makes of the seed is on the screen."""
    return on_screen(train.next_character) or on_screen(train.hidden_state)


def tell_what_is_seen(
    live: LiveRun, train: TrainPage, gradients: GradientsPage, probe: ProbePage
) -> None:
    """Wakes the onlookers of a run whose results somebody may be looking at; once a round."""
    if any(on_screen(panel) for panel in probe.panels):
        live.respondent.renew()
    if any(norm.sees_entries() for norm in (train.gradient_norm, gradients.gradient_norm)):
        live.gauge.want_entries()
    if looked_at := gradients.looked_at():
        live.inspector.look(looked_at, gradients.eigenvalues.layer())
    if gradients.norms_are_seen():
        live.gauge.want()
