"""What is fitted: one file a family, and how it is saved."""
