"""Delivery: each cut's best passing take, handed to editorial under the names it expects."""
