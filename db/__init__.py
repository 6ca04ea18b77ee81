"""What the farm remembers: sessions, migrations, the queue's SQL, catalogue queries and the artifact store."""
