#!/bin/sh
# Stands in for the real one.
shift
exec python3 "$@"
