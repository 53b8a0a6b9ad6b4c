"""The ground floor: Numba loops over arrays, and nothing else.

Kernels take arrays, numbers and records of these. They never raise, never allocate what grows with
the number of rows, and never write to the user's data.
"""
