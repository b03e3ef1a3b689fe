"""Beras as students of the course write it: sample by sample, lists for arrays, the tape set by hand."""
