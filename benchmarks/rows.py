"""The lines of the tables."""

from dataclasses import dataclass

from race import Race, Run, cpu, memory, seconds

MIB = 1024 * 1024


@dataclass(frozen=True)
class Row:
    """A line of the table: a number, and the most that it may be (the least for `more`)."""

    what: str
    measured: str
    number: float
    aim: float | None = None
    more: bool = False
    unit: str = "×"

    @property
    def missed(self) -> bool:
        """Return whether the target was missed."""
        if self.aim is None:
            return False
        return self.number < self.aim if self.more else self.number > self.aim

    def __str__(self) -> str:
        """Return the line."""
        aim = "" if self.aim is None else f"{'≥' if self.more else '≤'} {self.aim:g} {self.unit}"
        said = f"{self.number:.2f} {self.unit}" + (" **missed**" if self.missed else "")
        return f"| {self.what} | {self.measured} | {said} | {aim} |"


@dataclass(frozen=True)
class Price:
    """What a deploy job pays for one way to have the program, in megabytes and seconds."""

    way: str
    megabytes: float
    unpack: float
    first: float
    warm: float

    def __str__(self) -> str:
        """Return the line."""
        cold = self.unpack + self.first
        return f"| {self.way} | {self.megabytes:.1f} MB | {cold:.2f} s | {self.warm:.2f} s |"


def wall(found: Race) -> str:
    """Return both times."""
    return f"{seconds(found.ours) * 1000:,.0f} ms : {seconds(found.theirs) * 1000:,.0f} ms"


def processor(found: Race) -> str:
    """Return both times of the processor."""
    return f"{milliseconds(found.ours)} : {milliseconds(found.theirs)} of CPU"


def milliseconds(runs: list[Run]) -> str:
    """Return the median time of the processor."""
    return f"{cpu(runs) * 1000:,.0f} ms"


def most(found: Race) -> str:
    """Return both peaks."""
    return f"{memory(found.ours) / MIB:.0f} MiB : {memory(found.theirs) / MIB:.0f} MiB"
