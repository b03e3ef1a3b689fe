"""The programs for Gradescope: `setup.sh` runs once, `run_autograder` for each submission."""
