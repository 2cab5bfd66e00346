"""What is measured, against whom. Ratios of paired rounds; nothing here is asserted by a test.

Must not be imported by the package.
"""
