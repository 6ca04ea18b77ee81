"""The words: what the farm talks about, as enums, frozen values, mapped classes and one error tree.

`errors`, `vocabulary`, `recipe` and `metrics` speak no SQL and may be imported from every room; `base`,
`characters`, `production` and `rendering` map the tables and stay with `db`, `farm` and `tasks`.
"""
