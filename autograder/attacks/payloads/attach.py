"""Attach to the grader as a debugger does, which stops it."""

import ctypes
import time

from aims import AIM, reached

ATTACH = 16
if ctypes.CDLL(None).ptrace(ATTACH, AIM["grader"], None, None) == 0:
    reached("attached")
    time.sleep(0.5)
