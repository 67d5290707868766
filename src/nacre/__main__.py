"""`python -m nacre`, where the command `nacre` is not on the path."""

from nacre.cli import main

if __name__ == "__main__":
    main()
