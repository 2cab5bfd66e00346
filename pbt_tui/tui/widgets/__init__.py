"""What pages are made of, drawn line by line.

Must not know what page they are on.
"""
