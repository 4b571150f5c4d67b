"""Adapters: how preflight reads each warehouse. Importing this package imports no driver."""
