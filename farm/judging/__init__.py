"""Judging: from measured numbers to verdict, retake, door and marks. Pure but for `gate` and `calibration`."""
