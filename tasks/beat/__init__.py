"""What beat and the workers do again and again: upkeep of the queue, and Echo's heartbeats."""
