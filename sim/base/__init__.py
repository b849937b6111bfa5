"""What everything rests on: units, laws of chance, cited parameters, streams, the bibliography."""
