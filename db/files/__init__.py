"""Files that outlive a process: the takes (`artifacts`), and those that were handed on (`deliveries`)."""
