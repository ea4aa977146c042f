#!/usr/bin/env bash
# fsspec 2026.9.0: the memory file system tells the time at which a file was made as a number in ls and find, and as a
# datetime in info. Who keeps what a listing says of a file and compares it with info finds every file changed.
# Seen: "created" is a float in ls and find, and a datetime in info, of one file that nobody has touched.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "fsspec==2026.9.0"
cat > look.py <<'PY'
import fsspec

system = fsspec.filesystem("memory")
system.pipe_file("/in/a.txt", b"Rain.")
listed = system.ls("/in")[0]
found = system.find("/in", detail=True)["/in/a.txt"]
looked_up = system.info("/in/a.txt")
print(*(type(each["created"]).__name__ for each in (listed, found, looked_up)))
print(listed["created"] == looked_up["created"], listed["created"] == looked_up["created"].timestamp())
PY
seen=$(venv/bin/python look.py)
echo "$seen"
wanted="float float datetime
False True"
[[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
