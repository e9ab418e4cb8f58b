"""How far back the gradient goes: truncated, full or randomly truncated backpropagation.

The trainer reads its windows as ``Truncation`` says.
"""

from dataclasses import dataclass
from math import inf

from rnnviz.engine.errors import EngineError, require_choice, require_number

TRUNCATION_KINDS = ("truncated", "full", "random")


@dataclass(frozen=True)
class Truncation:
    """Where backpropagation through time stops.

    ``truncated``: the state is carried from window to window, the gradient is not. Long
    dependences are seen forward but not learned from: the gradient is biased towards short ones.

    ``full``: each window starts from a zero state, so that nothing is cut off: the gradient of
    exactly what was computed. With a window as long as the stream this is backpropagation through
    the whole text.

    ``random`` (Tallec and Ollivier 2017, "Unbiasing truncated backpropagation through time"): after
    each window, called a block here, the segment ends with ``probability`` c; else it goes on, and
    on the way back the gradient of the state that crosses this joint is multiplied by 1/(1 - c).
    How a character influences the loss k joints later then counts with (1/(1 - c))^k in the share
    (1 - c)^k of the cases in which the joints were not cut, so on average exactly once, as in full
    backpropagation, at the cost of more variance. For that, too, the expected value of the
    gradient must not depend on a segment's length: the mean is taken over the *expected* number of
    characters, 1/c blocks, not over the actual one. The end of a stream ends a segment as well;
    full backpropagation has nothing beyond it either. The state is always carried.
    """

    kind: str = "truncated"
    probability: float = 0.5

    def __post_init__(self) -> None:
        """EngineError for an unknown kind or a probability that is not in (0, 1]."""
        require_choice("kind", self.kind, TRUNCATION_KINDS)
        if require_number("probability", self.probability, exclusive=True) > 1.0:
            raise EngineError(
                f"probability must be a finite number > 0 and <= 1, got {self.probability!r}"
            )

    @property
    def carries_state(self) -> bool:
        """Whether a window starts from the state the one before it ended with."""
        return self.kind != "full"

    @property
    def draws(self) -> bool:
        """Whether segments are of random length."""
        return self.kind == "random"

    @property
    def weight(self) -> float:
        """What the gradient at a joint that was not cut is multiplied by; inf if all are cut."""
        return 1.0 / (1.0 - self.probability) if self.probability < 1.0 else inf

    @property
    def expected_blocks(self) -> float:
        """How many windows a segment has on average, the ends of streams apart."""
        return 1.0 / self.probability if self.draws else 1.0
