"""Classification metrics against values worked out by hand."""

import re
import subprocess
import sys

import pytest

from kefu.metrics.classification import accuracy_at_coverage, macro_f1
from kefu.paths import ROOT


def test_macro_f1_counts_rare_classes_as_much() -> None:
    # a: 2·3/(3+4), b: 2·0/(1+0)
    assert macro_f1(["a", "a", "a", "a"], ["a", "a", "a", "b"]) == pytest.approx((6 / 7 + 0) / 2)


def test_macro_f1_counts_classes_that_were_only_predicted() -> None:
    """Averaged over the expected classes alone it would be 0.833: the router once said so, the report 0.556."""
    # a: 2·1/(2+1), b: 1, c: 0
    assert macro_f1(["a", "a", "b"], ["a", "c", "b"]) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert macro_f1(["a", "a", "b"], ["a", "c", "b"]) == pytest.approx(0.556, abs=5e-4)


def test_nothing_else_averages_f1_or_bins_confidences() -> None:
    defines = re.compile(r"f1_score\(|def (macro_f1|ece|expected_calibration_error|reliability)\(")
    rooms = ("kefu", "data", "training", "distill", "evaluation", "serving", "pipelines", "benchmarks")
    files = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    found = {str(path.relative_to(ROOT)) for path in files if defines.search(path.read_text("utf8"))}
    assert found == {"kefu/metrics/calibration.py", "kefu/metrics/classification.py"}


def test_accuracy_of_the_surest() -> None:
    confidence, correct = [0.95, 0.95, 0.55, 0.55], [True, True, True, False]
    assert accuracy_at_coverage(confidence, correct, 0.5) == 1
    assert accuracy_at_coverage(confidence, correct, 1.0) == 0.75
    assert accuracy_at_coverage(confidence, correct, 0.0) == 1  # at least one


def test_importing_it_loads_neither_torch_nor_sklearn() -> None:
    code = "import sys, kefu.metrics.classification; sys.exit({'torch', 'sklearn'} & {*sys.modules} != set())"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
