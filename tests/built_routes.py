"""Importing this builds all routes: a service that is forked from here has them already."""

from coffers.main import route_table
from coffers.presentation.routes import ROUTES

route_table(tuple(ROUTES))
