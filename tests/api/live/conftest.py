"""An application for each test: these tests count sessions, letters and everybody's events."""

from tests.own_application import ada, client, enrol, eve

__all__ = ["ada", "client", "enrol", "eve"]
