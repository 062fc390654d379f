"""What the matching of two videos takes."""

from __future__ import annotations

from dataclasses import dataclass

from ...parameters import Settings, parameter


@dataclass(frozen=True)
class MatchSettings(Settings):
    """How a path is sought (Wieschollek et al., ICMLA 2017, section 4.3), live and afterwards."""

    rank: int = parameter(
        5, "rank of the structure of rows and columns that is taken out of the costs", "", (0, 64)
    )
    epsilon_s: float = parameter(
        3.0, "how far off the path other places are compared with it", "s", (0.05, 60.0)
    )
    window_s: float = parameter(
        3.0, "seconds of path over which a match is compared with other paths", "s", (0.1, 60.0)
    )
    contrast: float = parameter(
        0.75,
        "a match counts where its path costs less than this share of the best path elsewhere",
        "",
        (0.0, 1.0),
    )
    minimum_s: float = parameter(4.0, "shorter tours do not count", "s", (0.0, 3600.0))


@dataclass(frozen=True)
class TourSettings(MatchSettings):
    """What the tour of two whole recordings takes beside."""

    stripe_s: float = parameter(
        90.0, "length of the stripes in which a path is sought", "s", (1.0, 3600.0)
    )
    overlap_s: float = parameter(
        30.0, "how much neighbouring stripes share; paths drift near borders", "s", (0.0, 3600.0)
    )
    join_s: float = parameter(
        2.0,
        "paths of neighbouring stripes that are closer are one; so are parts of a tour, or those "
        "with up to three frames between them",
        "s",
        (0.0, 60.0),
    )
    lasting_s: float = parameter(
        40.0, "seconds of path over which a weaker match counts, too", "s", (0.1, 3600.0)
    )
    lasting: float = parameter(
        0.9,
        "a match counts, too, where its path costs less than this share of the best path "
        "elsewhere over lasting_s; 0: never",
        "",
        (0.0, 1.0),
    )
    xi: float = parameter(
        5 / 6,
        "a match is ambiguous where a place epsilon_s off it costs less than this share of it",
        "",
        (0.0, 2.0),
    )


@dataclass(frozen=True)
class FollowSettings(MatchSettings):
    """What a live path takes beside."""

    clear: float = parameter(
        0.65,
        "a match counts after an eighth of minimum_s (and five frames) already where its "
        "path costs less than this share of the best path elsewhere; 0: never so soon",
        "",
        (0.0, 1.0),
    )
