"""`python -m farm`: the same as the `farm` command, for machines where scripts are not on the path."""

import sys

from farm.cli import main

if __name__ == "__main__":
    sys.exit(main())
