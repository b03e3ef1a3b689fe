"""Become root in a user namespace, where much more of the kernel can be attacked."""

import ctypes

from aims import reached

CLONE_NEWUSER = 0x10000000
if ctypes.CDLL(None).unshare(CLONE_NEWUSER) == 0:
    reached("a user namespace")
