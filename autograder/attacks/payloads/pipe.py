"""Hand in a named pipe, on which a grader that opens it waits for ever."""

from aims import reached

reached("the pipe was accepted")
