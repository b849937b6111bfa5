"""People and files: the only floor that prints, draws or writes."""
