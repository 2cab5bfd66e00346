"""The site, the schemas for editors, the workflows and the pages that hosts read."""
