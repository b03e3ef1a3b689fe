"""MP6 as three students might hand it in: `terse`, `pickled`, `by_hand`; `make` trains their nets."""
