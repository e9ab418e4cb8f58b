"""Pure functions over engine objects that compute what a panel shows."""
