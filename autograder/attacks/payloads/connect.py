"""Connect to a service on this machine."""

import socket

from aims import AIM, spill

with socket.create_connection(("127.0.0.1", AIM["port"]), timeout=2) as connection:
    spill(connection.recv(100))
