"""How events reach other programs: to which addresses, signed by whom, how often, and when that is given up."""
