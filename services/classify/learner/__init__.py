"""The learner: hashed n-grams computed over whole batches, linear heads on shared features, one directory a model."""
