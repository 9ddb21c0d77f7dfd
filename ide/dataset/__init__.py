"""The domain, pure: it knows no screen, no network, no database and no process."""
