"""Runs the scenarios named as arguments, or all, with pika against the broker at AMQP_URL."""

import logging
import os
import signal
import sys

import connection_scenarios  # noqa: F401  each import registers its scenarios
import consume_scenarios  # noqa: F401
import declare_scenarios  # noqa: F401
import lifetime_scenarios  # noqa: F401
import publish_scenarios  # noqa: F401
from scenario import SCENARIOS, Context

SCENARIO_MAX_S = 60


def too_long(_signal, _frame):
    raise AssertionError(f"not done after {SCENARIO_MAX_S} s")


def report(name, url):
    """Runs one scenario and prints its line; True if it held."""
    context = Context(url, name)
    signal.alarm(SCENARIO_MAX_S)
    try:
        try:
            SCENARIOS[name](context)
        finally:
            context.end()
    except Exception as error:  # pylint: disable=broad-except
        reason = f"{type(error).__name__}: {error}".replace("\n", " | ")
        print(f"not ok python {name} - {reason}", flush=True)
        return False
    finally:
        signal.alarm(0)
    print(f"ok python {name}", flush=True)
    return True


def main():
    # Connections that the broker closes are part of the scenarios.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGALRM, too_long)
    url = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")
    names = sys.argv[1:] or list(SCENARIOS)
    return 0 if all([report(name, url) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
