"""The monitor in a browser: the door, the server, and real pages in headless Chromium."""
