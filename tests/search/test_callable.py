"""`archcast.search` is a function and a package, whichever is asked for first."""

import subprocess
import sys

import pytest

CALL = "assert len(archcast.search('macro', evaluations=12, population=4).codes) == 12"


@pytest.mark.parametrize(
    "code",
    [
        f"import archcast; {CALL}; import archcast.search.loop.budget; {CALL}; "
        "archcast.search.loop.budget.Budget()",
        f"import archcast.search.loop.budget; import archcast; {CALL}; archcast.search.loop.budget.Budget()",
        f"import archcast; from archcast import search; {CALL}; search('macro', evaluations=4, population=4)",
    ],
)
def test_both_orders(code):
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pymoo_optuna_and_scipy_wait_until_they_are_used():
    code = (
        "import sys, archcast; archcast.search('macro', method='evolution', evaluations=12, population=4)\n"
        "heavy = {'pymoo', 'optuna', 'scipy', 'mlflow', 'torch'}\n"
        "assert not {m.partition('.')[0] for m in sys.modules} & heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
