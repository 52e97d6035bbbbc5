"""How exactly tests may take time: machines are shared, timers of event loops are coarse."""

from typing import Final

#: A timer may ring this much early.
TICK_S: Final = 0.01
#: What happens at once has happened by now on the busiest machine; what is compared takes longer.
SOON_S: Final = 8.0
