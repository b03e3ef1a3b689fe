"""Connect to a service of this machine that listens on an abstract Unix socket."""

import socket

from aims import AIM, spill

with socket.socket(socket.AF_UNIX) as connection:
    connection.connect("\0" + AIM["abstract"])
    spill(connection.recv(100))
