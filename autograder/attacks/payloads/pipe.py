"""Hand in a named pipe, which blocks a grader that opens it."""

from aims import reached

reached("the pipe was accepted")
