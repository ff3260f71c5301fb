"""What each kind of step does when a token reaches it; one module for each family."""
