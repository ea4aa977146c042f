#!/usr/bin/env bash
# uvicorn 0.54.0 with httptools 0.9.0 loses the body of a request that offers another protocol in a header Upgrade.
#
# HTTP lets a server ignore an offer and go on in HTTP/1.1 (RFC 9110, section 7.8). Java's HttpClient offers HTTP/2 with
# each first request to an http address, and so does `curl --http2`. uvicorn does not switch protocols. But httptools
# tells its parser that HTTP/1.1 ends with the head, whether the server switches or not. So the application sees an
# empty body, and a second request on the connection that was sent at once is never answered. With h11 in place of
# httptools, body and second request arrive.
#
# Output:
#     httptools: bodies of the two requests: ['']
#     h11: bodies of the two requests: ['Rain.', 'Snow.']
#
# The script fails if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0
cat > "$folder/show.py" <<'EOF'
import socket
import threading

import uvicorn

OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"


def request(body, more):
    return f"POST / HTTP/1.1\r\nHost: localhost\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def bodies(parser):
    seen = []

    async def app(scope, receive, send):
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        seen.append(body.decode())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=parser, ws="none", lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    with socket.create_connection(listening.getsockname(), timeout=10) as connection:
        connection.sendall(request("Rain.", OFFER) + request("Snow.", "Connection: close\r\n"))
        connection.settimeout(3)
        try:
            while connection.recv(1 << 16):
                pass
        except TimeoutError:
            pass  # the second request is not answered
    server.should_exit = True
    thread.join()
    return seen


found = {parser: bodies(parser) for parser in ("httptools", "h11")}
for parser, seen in found.items():
    print(f"{parser}: bodies of the two requests: {seen}")
assert found == {"httptools": [""], "h11": ["Rain.", "Snow."]}
EOF
"$folder/venv/bin/python" "$folder/show.py"
