"""The functional coverage points, a module a bench."""
