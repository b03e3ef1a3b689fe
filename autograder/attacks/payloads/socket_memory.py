"""Hold memory in the buffers of sockets, which are in no process's resident set."""

from aims import fill_sockets, hold_in_children

hold_in_children(fill_sockets, 1.5)
