"""How our own small networks are learnt from the procedural renderer, and how often they err on the unseen.

Run from a checkout. What is learnt lies as `.npz` and `.json` files in `workers/scoring` and is installed.
"""
