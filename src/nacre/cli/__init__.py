"""The command line: thin verbs, no science."""


def main() -> None:
    """Run the command `nacre` on the words of the command line."""
    from nacre.cli import app

    app.main()
