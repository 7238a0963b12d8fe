"""`python -m devlake_ci` is `devlake-ci`."""

from devlake_ci.cli import main

if __name__ == "__main__":
    main()
