"""`python -m app.cli`, which is what `bin/followthrough` runs."""

from app.cli.main import main

if __name__ == "__main__":
    main(prog_name="bin/followthrough")
