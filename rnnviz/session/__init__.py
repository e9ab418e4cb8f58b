"""What stands between engine and window: settings, commands, the running loop, history. No Qt."""
