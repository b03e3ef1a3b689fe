"""The numbers under which a job finds its open files."""

INPUT_FD, RESULT_FD = 3, 4  # it reads its input from the one and writes its result to the other
HELD_FD = 5  # from here on, folders that it can reach by number only
