"""Starts a fake with the data of a given moment, whatever it is asked for.

A program of its own (`python at_moment.py MOMENT FAKE OPTION ...`), with nothing but the standard library.
"""

import os
import sys

if __name__ == "__main__":
    moment, *argv = sys.argv[1:]
    argv[argv.index("--now") + 1] = moment
    os.execv(argv[0], argv)
