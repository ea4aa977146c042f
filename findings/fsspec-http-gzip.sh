#!/usr/bin/env bash
# fsspec 2026.9.0 with aiohttp 3.14.5: a web server may send a .gz file with "Content-Encoding: gzip" (Apache does with
# "AddEncoding gzip .gz"). Then get_file writes the decompressed data under the name .gz, and fsspec.open with
# compression="infer", which goes by the name, fails on it.
# Seen: the copy of a.jsonl.gz is plain text; "BadGzipFile: Not a gzipped file".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "fsspec==2026.9.0" "aiohttp==3.14.5" "requests==2.34.2"
cat > read.py <<'PY'
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fsspec

DATA = gzip.compress(b'{"text": "Rain."}\n')


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        if "encoded" in self.path:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(DATA)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for folder in ("plain", "encoded"):
    url = f"http://127.0.0.1:{server.server_port}/{folder}/a.jsonl.gz"
    fsspec.filesystem("http").get_file(url, "a.jsonl.gz")
    with open("a.jsonl.gz", "rb") as copy:
        print(folder, copy.read() == DATA)
    try:
        with fsspec.open(url, compression="infer") as file:
            print(file.read())
    except OSError as error:
        print(f"{type(error).__name__}: {error}")
server.shutdown()
PY
seen=$(venv/bin/python read.py)
echo "$seen"
wanted="plain True
b'{\"text\": \"Rain.\"}\\n'
encoded False
BadGzipFile: Not a gzipped file (b'{\"')"
[[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
