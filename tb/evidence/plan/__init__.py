"""The testplan as data, its checks, and its view."""
