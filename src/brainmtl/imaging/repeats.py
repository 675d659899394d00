"""Which of several images at one place belong together: echoes, times, kinds of image."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from brainmtl.imaging.dicom import TRAITS, Frame

Spot = tuple[int, Frame]
"""A frame, and which place of its stack it lies at."""


def part_repeats(places: Sequence[Sequence[Frame]]) -> list[tuple[Frame, ...]]:
    """Part frames into stacks with one frame a place at most.

    What the files say of their frames (:data:`~brainmtl.imaging.dicom.TRAITS`) parts them where it tells
    images at one place apart, and not where it only differs from slice to slice. What is still together then
    goes by order, the first ones at their places to one stack, the second ones to another. Where some places
    have more of these than others, nobody knows which belong together: places with fewer than most have make
    stacks of their own, so does what others have too many of, and all these frames are marked as unsure.

    Args:
        places: the frames at each place, at least one; places in the order of space.

    Returns:
        Stacks in the order of their earliest frames, each in the order of space.
    """
    spots = [(spot, frame) for spot, place in enumerate(places) for frame in place]
    kinds = [sorted(spots, key=lambda one: (one[0], one[1].order))]
    if len(spots) > len(places):
        for trait in range(len(TRAITS)):
            kinds = [part for kind in kinds for part in _part(kind, trait)]
    return sorted(
        (stack for kind in kinds for stack in _deal(kind)),
        key=lambda stack: min(frame.order for frame in stack),
    )


def _part(kind: list[Spot], trait: int) -> list[list[Spot]]:
    """Part by a trait if its values lie one on another: all at some place, each half on the commonest."""
    parts: dict[str, list[Spot]] = defaultdict(list)
    for spot, frame in kind:
        parts[frame.traits[trait]].append((spot, frame))
    covered = [{spot for spot, _ in part} for part in parts.values()]
    fullest = max(covered, key=len)
    if not set.intersection(*covered) or any(2 * len(own & fullest) < len(own) for own in covered):
        return [kind]
    return list(parts.values())


def _deal(kind: list[Spot]) -> list[tuple[Frame, ...]]:
    """The k-th frame at each place goes to the k-th stack, or to another where the place has too few."""
    counts = Counter(spot for spot, _ in kind)
    sizes = Counter(counts.values())
    usual = max(sizes, key=lambda size: (sizes[size], size))
    stacks: dict[tuple[bool, int], list[Frame]] = defaultdict(list)
    dealt: Counter[int] = Counter()
    for spot, frame in kind:
        stacks[counts[spot] < usual, dealt[spot]].append(replace(frame, unsure=len(sizes) > 1))
        dealt[spot] += 1
    return [tuple(stack) for stack in stacks.values()]
