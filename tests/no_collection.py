"""Importing this ends the search for garbage: a fifth of the time of importing all the rest."""

import gc

gc.disable()
