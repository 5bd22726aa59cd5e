"""Tests and the program that they test, in two processes: texts that are given to the sandbox."""
