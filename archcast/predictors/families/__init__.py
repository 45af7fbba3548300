"""The families of predictors; one file each."""
