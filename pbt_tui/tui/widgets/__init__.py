"""The widgets of the pages, drawn line by line. Must not depend on the page that uses them."""
