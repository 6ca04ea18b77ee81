"""Who may do what: keys, passwords, scopes, what a key may spend, how often one may ask; no database."""
