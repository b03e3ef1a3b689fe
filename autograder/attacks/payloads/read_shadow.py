"""Read the machine's password hashes."""

from aims import reached

with open("/etc/shadow") as file:
    reached(len(file.read()))
