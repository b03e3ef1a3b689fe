"""Work as students might hand it in.

MP6 three times: `terse`, `pickled`, `by_hand`; `make` trains their nets. `beras_loops` is Beras in its course's style.
"""
