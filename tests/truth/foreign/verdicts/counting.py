"""Counting: intervals for a share, and the counts that a number of trials allows."""

from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True)
class Share:
    """Hits among trials.

    `least` and `most` are the counts with which the share passes; None where nothing is asked.
    """

    what: str
    hits: int
    trials: int
    least: int | None = None
    most: int | None = None

    @property
    def value(self) -> float:
        return self.hits / self.trials

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson's 95 % interval."""
        return clopper_pearson(self.hits, self.trials)

    @property
    def passes(self) -> bool:
        enough = self.least is None or self.hits >= self.least
        return enough and (self.most is None or self.hits <= self.most)

    @property
    def asked(self) -> str:
        if self.most is not None:
            return f"at most {self.most}"
        return "" if self.least is None else f"at least {self.least}"

    def write(self) -> str:
        lo, hi = self.interval
        judged = "" if not self.asked else ("passes" if self.passes else "FAILS")
        return (
            f"{self.what:<64} {self.hits:>5} of {self.trials:<5} {100 * self.value:6.2f} % "
            f"({100 * lo:.2f} to {100 * hi:.2f})  {self.asked:<14} {judged}"
        )


def clopper_pearson(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share."""
    tail = (1 - level) / 2
    lo = 0.0 if hits == 0 else float(stats.beta.ppf(tail, hits, trials - hits + 1))
    hi = 1.0 if hits == trials else float(stats.beta.ppf(1 - tail, hits + 1, trials - hits))
    return lo, hi


def most_allowed(share: float, trials: int, risk: float = 0.025) -> int:
    """The largest count that a rule of just this share exceeds in no more than `risk` of all simulations."""
    return int(stats.binom.ppf(1 - risk, trials, share))


def least_allowed(share: float, trials: int, risk: float = 0.025) -> int:
    """The smallest count that a rule of just this share falls short of in no more than `risk` of all simulations."""
    return int(stats.binom.ppf(risk, trials, share))


def chance_to_pass(share: float, trials: int, most: int) -> float:
    """How often a rule whose true share is this passes `most`: what a plan fails to notice."""
    return float(stats.binom.cdf(most, trials, share))
