"""`python -m tests.kill.flowdeck`: the console script, for wherever it is not installed."""

from server.cli import main

if __name__ == "__main__":
    main()
