"""A local stand-in of the mParticle API, for tests and for trying things out. It proves nothing about the platform.

Importing this package imports no server; ``preflight.sandbox.server`` does, when a sandbox is started.
"""
