"""``python -m experiments [NAME …]``: play experiments."""

import sys

from experiments.studies import main

if __name__ == "__main__":
    main(sys.argv[1:])
