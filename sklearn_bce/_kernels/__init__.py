"""The ground floor: Numba loops over arrays, and nothing else.

Kernels take arrays, numbers and the matrix records of ``matrices.py``. They never raise, never
allocate more than a block, and never write to the user's data.
"""
