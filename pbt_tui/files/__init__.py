"""The file layer: how pbt_tui opens, reads, writes and renames the files that it writes or trusts.

Must not know what is in a file. Each caller decides what an error means to it.
"""
