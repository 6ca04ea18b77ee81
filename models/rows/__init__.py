"""The mapped classes, by noun: what a row of each table holds.

Only `db` and `farm` know these; `workers` get plain values (an import contract holds it).
"""
