"""The words: what the farm talks about, as enums, frozen values, mapped classes and one error tree.

Everything but `rows` speaks no SQL and may be imported from every room; `rows` maps the tables and is closed to
`workers`.
"""
