"""Ask for 6 GB at once."""

from aims import reached

x = bytearray(6 * 2**30)
reached(len(x))
