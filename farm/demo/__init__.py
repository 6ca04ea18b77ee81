"""The demo: what it orders, which faults it asks for on purpose, and the page and report it leaves behind."""
