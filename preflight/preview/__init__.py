"""What a pipeline's rows become: event batches or user profiles, as values that the batch schema is held against."""

from __future__ import annotations

from preflight.preview.batch import MASK, Batch, Maker, Problem
from preflight.preview.rows import Rows, read_rows

__all__ = ["MASK", "Batch", "Maker", "Problem", "Rows", "read_rows"]
