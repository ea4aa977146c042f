#!/usr/bin/env bash
# fsspec 2026.9.0: fsspec.open takes the URL of a file whose name has two colons for a chain of file systems, and opens
# another file: the one whose name ends before the colons. Such names are valid keys in object stores, and files there
# are listed under them.
# Seen: a file that was written, is listed, and can be read by its path is not found by its URL; where a file with the
# shorter name exists, its content is read instead, without an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "fsspec==2026.9.0"
cat > read.py <<'PY'
import fsspec

system = fsspec.filesystem("memory")
system.pipe_file("/in/notes::b.txt", b"the right one")
print(system.ls("/in", detail=False), system.cat_file("/in/notes::b.txt"))


def read() -> None:
    try:
        with fsspec.open("memory://in/notes::b.txt") as file:
            print(file.read())
    except FileNotFoundError as error:
        print(f"FileNotFoundError: {error}")


read()
system.pipe_file("/in/notes", b"another one")
read()
PY
seen=$(venv/bin/python read.py)
echo "$seen"
wanted="['/in/notes::b.txt'] b'the right one'
FileNotFoundError: /in/notes
b'another one'"
[[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
