"""The numbers of a job's open files."""

INPUT_FD, RESULT_FD = 3, 4  # its input, its result
HELD_FD = 5  # from here on, folders that it can reach only by number
