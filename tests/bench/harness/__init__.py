"""The public harness for Postgres job queues: our queue as one of its adapters, and its chaos cells run here.

The harness (github.com/hardbyte/postgresql-job-queue-benchmarking) starts an adapter as a process, feeds it
by its environment and reads what it prints, one JSON value a line. `adapter.json` and `python -m
tests.bench.harness.adapter` are what it asks for. It needs Docker; `make bench-harness` plays the same cells
with the same adapter against an embedded Postgres, shorter, and prints our row of its table.
"""
