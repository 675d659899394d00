"""Files of an archive that hold one input each."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from brainmtl.archive.entry import Entry, unreadable
from brainmtl.archive.listing import file_system, is_local

ASKING = 16
"""Far files that are fetched at once; fetching is waiting."""
WINDOW = 64
"""Far files that are fetched while as many are predicted."""


def loose_entries(uris: Sequence[str]) -> Iterator[Entry]:
    """Read files; far ones are fetched side by side, ahead of what is asked for.

    Args:
        uris: paths, or addresses.

    Yields:
        One entry a file, in order.
    """
    windows = [uris[start : start + WINDOW] for start in range(0, len(uris), WINDOW)]
    with ThreadPoolExecutor(ASKING) as pool:
        coming = [pool.submit(_fetch, uri) for uri in windows[0]]
        for following in [*windows[1:], ()]:
            ahead = [pool.submit(_fetch, uri) for uri in following]
            for job in coming:
                yield job.result()
            coming = ahead


def _fetch(uri: str) -> Entry:
    if is_local(uri):
        return Entry(uri, Path(uri))
    try:
        system, path = file_system(uri)
        return Entry(uri, bytes(system.cat_file(path)))
    except Exception as error:  # each file system has errors of its own
        return unreadable(uri, error)
