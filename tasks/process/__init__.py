"""What the tasks of one worker process share: connections, store, bench, and whom it serves now."""
