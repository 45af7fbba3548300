"""Training predictors of networks of any form: labels, folds by family, what is shipped."""
