"""The tour of the README, copied literally: all of it runs, in one shell, against a fresh demo."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nursery import ForkedCommand
from tests.programs import HOST, becomes_true, free_port, succeeds
from tests.service_processes import CHEAP

README = Path(__file__).parents[1] / "README.md"
TOUR_LIMIT_S = 60


def tour() -> str:
    """The commands between the tour's heading and the next part's."""
    text = README.read_text()
    part = text[text.index("## A tour") : text.index("## Further")]
    return "\n".join(re.findall(r"```bash\n(.*?)```", part, re.DOTALL))


@pytest.mark.skipif(sys.platform == "win32", reason="the tour is for a POSIX shell")
def test_the_tour_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    port, sandbox_port = free_port(), free_port()
    env = {
        "COFFERS_HOME": str(tmp_path / ".coffers"),
        "COFFERS_PORT": str(port),
        "COFFERS_PUBLIC_BASE_URL": f"http://{HOST}:{port}",
        "COFFERS_SANDBOX_URL": f"http://{HOST}:{sandbox_port}",
        **CHEAP,
    }
    # So that `python3` is this one: what else is found there may first look which one is meant.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = tour().replace("http://127.0.0.1:8000", f"http://{HOST}:{port}")
    with ForkedCommand("demo", env=env) as demo:
        # It migrates, starts the broker and syncs years of history before it serves.
        assert becomes_true(
            lambda: succeeds(f"http://{HOST}:{port}/health/ready"), within_s=TOUR_LIMIT_S
        ), demo.log_text

        done = subprocess.run(
            ["/bin/bash", "-eu", "-c", script],
            cwd=tmp_path,
            env=os.environ | {"no_proxy": "*", "PATH": path},
            capture_output=True,
            text=True,
            timeout=TOUR_LIMIT_S,
            check=False,
        )
        log = demo.log_text[-3000:]

    said = done.stdout
    assert done.returncode == 0, f"{said}\n{done.stderr}\n{log}"
    assert '"email":"ada@example.com","is_verified":false' in said
    assert '"is_verified":true' in said
    assert "Connection sync completed successfully" in said
    assert '"total_market_value_by_currency"' in said
    assert '"start_balance"' in said
    assert '"counts":{"new":3,"duplicate":0' in said
    assert "applied\n{'new': 0, 'duplicate': 3" in said
    assert "reverted" in said
    assert "58.50\n{'merchant': 2, 'category_id': 1}\napplied\n" in said
    assert '"spent":"48.90","remaining":"151.10"' in said
    assert "🛒 Supermarket 48.90\n🐶 Pets 12.60\n" in said
    assert "  Assets:Cash:Purse  -42.60 EUR\n  Expenses:Supermarket  30.00 EUR\n" in said
    assert "200 3" in said
    assert "\n5000.00\n-4992.30\n" in said
    assert "unrealized_gain_loss 3140.31\nrealized_gain_loss 1884.19\n" in said
    assert "price_gain 4554.15\ncurrency_gain 898.61\ngain 5452.76\n" in said
    assert "{'name': 'lot_cost', 'operation': 'input', 'value': '3120.187500000000'" in said
    assert "204\n" in said
    assert said.rstrip().endswith("}")
    assert '"status":401' in said.splitlines()[-1]
