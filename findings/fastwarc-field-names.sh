#!/usr/bin/env bash
# fastwarc 2.0.1: knows the fields WARC-Type and Content-Length of a record's header only in that spelling. ISO 28500
# says that the names of fields are case-insensitive. A valid record that spells WARC-Type otherwise has the type
# no_type, although its headers do have the value, and a filter for its type passes it over in silence; one that spells
# Content-Length otherwise has the length 0, and ends the reading of the whole file.
# Seen: with warc-type, the type of a conversion is not conversion; with content-length, "OSError: Invalid WARC header"
# after a record of length 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "fastwarc==2.0.1"
cat > read.py <<'PY'
import io
import sys

from fastwarc.warc import ArchiveIterator, conversion

record = "\r\n".join([
    "WARC/1.0",
    "WARC-Type: conversion",
    "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>",
    "WARC-Date: 2031-11-01T00:00:00Z",
    "Content-Type: text/plain",
    "Content-Length: 5",
    "",
    "Rain.\r\n\r\n",
])
for name in sys.argv[1:]:
    record = record.replace(name, name.lower())
try:
    for found in ArchiveIterator(io.BytesIO(record.encode()), parse_http=False):
        print(found.record_type == conversion, found.headers.get("WARC-Type"), found.content_length)
except OSError as error:
    print(f"OSError: {error}")
PY
expect() {
    local wanted=$1 seen
    shift
    seen=$(venv/bin/python read.py "$@")
    echo "$*: $seen"
    [[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
}
expect "True conversion 5"
expect "False conversion 5" WARC-Type
expect $'True conversion 0\nOSError: Invalid WARC header' Content-Length
