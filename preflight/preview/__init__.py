"""What a pipeline's rows become: event batches or user profiles, as values."""
