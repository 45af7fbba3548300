"""What predictors see of architectures: columns, packed graphs, blocks of columns."""
