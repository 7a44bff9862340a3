"""Ask whether the app on this machine answers; exit code 0 or 1.

    python -m scripts.healthy

For Docker's HEALTHCHECK, and for service managers. It needs no login, and says nothing of Tiled or MLflow: an app is
not started again because another server is away.
"""

import sys

import httpx

from utils.settings import read_settings

PATIENCE_S = 4.0


def main() -> int:
    """Run the command line; returns the exit code."""
    address = f"http://{reached(read_settings().bind)}/health"
    try:
        return 0 if httpx.get(address, timeout=PATIENCE_S).status_code == 200 else 1
    except httpx.HTTPError as error:
        print(f"{address} does not answer: {error}", file=sys.stderr)
        return 1


def reached(bind: str) -> str:
    """Where this machine finds what listens on `bind`.

    >>> reached("0.0.0.0:8075"), reached("[::]:8075"), reached("10.0.0.7:8075")
    ('127.0.0.1:8075', '[::1]:8075', '10.0.0.7:8075')
    """
    return bind.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:")


if __name__ == "__main__":
    sys.exit(main())
