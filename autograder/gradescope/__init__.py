"""What runs on Gradescope, beside the grader itself: `setup.sh` once, `run_autograder` for each submission."""
