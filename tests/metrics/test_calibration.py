"""Calibration metrics against values worked out by hand."""

import numpy as np
import pytest

from kefu.metrics.calibration import expected_calibration_error, reliability


def test_expected_calibration_error_and_reliability() -> None:
    confidence, correct = [0.95, 0.95, 0.55, 0.55], [True, True, True, False]
    assert [tuple(b) for b in reliability(confidence, correct)] == [(0.55, 0.5, 2), (0.95, 1.0, 2)]
    assert expected_calibration_error(confidence, correct) == pytest.approx(0.5 * 0.05 + 0.5 * 0.05)
    assert expected_calibration_error([1.0, 1.0], [False, False]) == 1  # sure and wrong


def test_a_calibrated_confidence_has_no_error_and_a_boast_has() -> None:
    random = np.random.default_rng(1)
    confidence = random.uniform(0.3, 1, 20_000)
    correct = random.random(20_000) < confidence
    assert expected_calibration_error(confidence, correct) < 0.02
    assert expected_calibration_error(np.sqrt(confidence), correct) > 0.1
