"""Hostile requests: other names, other sites, other paths, other bodies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from labelling import Opened

from detector.labelling.security import Access

Open = Callable[..., Opened]
ClientFor = Callable[..., TestClient]
OWN = "http://127.0.0.1:7000"
NO_EVENT = {"client": "window-0001"}
EVENT = {"client": "window-0001", "serial": 1, "action": "done", "document": 0, "seen": 0}
JSON = {"Content-Type": "application/json"}

HOSTS = [
    ("127.0.0.1:7000", True), ("localhost:7000", True), ("LOCALHOST:7000", True), ("[::1]:7000", True),
    ("localhost.:7000", True), ("127.0.0.1", False), ("127.0.0.1:7001", False), ("127.0.0.1:07000x", False),
    ("evil.example:7000", False), ("127.0.0.1.evil.example:7000", False), ("localhost.evil.example:7000", False),
    ("evil.example", False), ("10.0.0.5:7000", False), ("desk.example:7000", False), ("", False), (":7000", False),
    ("a.localhost:7000", False), ("127.0.0.1:7000@evil.example", False), ("0.0.0.0:7000", False),
]  # fmt: skip


@pytest.mark.parametrize(("host", "allowed"), HOSTS)
def test_only_names_of_this_machine_with_the_port_are_answered(
    host: str, allowed: bool, quiet_page: TestClient
) -> None:
    answer = quiet_page.get("api/state", headers={"Host": host})
    assert answer.status_code == (200 if allowed else 421)
    assert allowed or "documents" not in answer.json()


def test_names_that_the_user_gives_are_allowed() -> None:
    access = Access("token", 7000, names=frozenset({"127.0.0.2"}))
    asked = ("127.0.0.2:7000", "127.0.0.3:7000", "127.0.0.2:7001")
    assert [access.allows_host(host) for host in asked] == [True, False, False]


def test_other_names_are_allowed_where_other_machines_are() -> None:
    access = Access("token", 7000, loopback_only=False, names=frozenset({"desk.example"}))
    asked = ("desk.example:7000", "10.0.0.5:7000", "127.0.0.1:7000", "evil.example:7000", "desk.example:80")
    assert [access.allows_host(host) for host in asked] == [True, True, True, False, False]


POSTS: list[tuple[dict[str, str | None], int]] = [
    ({"Origin": OWN}, 200), ({"Origin": OWN, "Sec-Fetch-Site": "same-origin"}, 200),
    ({"Origin": None, "Sec-Fetch-Site": "same-origin"}, 200), ({"Origin": None, "Sec-Fetch-Site": "none"}, 200),
    ({"Origin": None}, 403), ({"Origin": None, "Sec-Fetch-Site": "cross-site"}, 403),
    ({"Origin": None, "Sec-Fetch-Site": "same-site"}, 403), ({"Origin": OWN, "Sec-Fetch-Site": "cross-site"}, 403),
    ({"Origin": "http://evil.example"}, 403), ({"Origin": "http://127.0.0.1:7001"}, 403),
    ({"Origin": "http://127.0.0.1"}, 403), ({"Origin": "https://127.0.0.1:7000"}, 403), ({"Origin": "null"}, 403),
    ({"Origin": "http://localhost:7000"}, 403), ({"Origin": f"{OWN}.evil.example"}, 403), ({"Origin": ""}, 403),
    ({"Origin": OWN, "Content-Type": "text/plain"}, 415), ({"Origin": OWN, "Content-Type": "application/jsonp"}, 415),
    ({"Origin": OWN, "Content-Type": "application/x-www-form-urlencoded"}, 415),
    ({"Origin": OWN, "Content-Type": "application/json; charset=utf-8"}, 200),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "status"), POSTS, ids=map(str, range(len(POSTS))))
def test_only_the_own_page_can_do_something(
    headers: dict[str, str | None], status: int, quiet_page: TestClient
) -> None:
    sent = {name: value for name, value in {**JSON, **headers}.items() if value is not None}
    for path, otherwise in (("events", 422), ("retrain", 422), ("retrain/accept", 409), ("retrain/reject", 409)):
        request = quiet_page.build_request("POST", f"api/{path}", json=NO_EVENT, headers=sent)
        if "Origin" not in sent:
            del request.headers["Origin"]
        # what is let in gets as far as what it asks for: here there is nothing to train on, to take over or to drop
        assert quiet_page.send(request).status_code == (otherwise if status == 200 else status)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_cannot_read_but_may_link_to_the_page(site: str, quiet_page: TestClient) -> None:
    assert quiet_page.get("api/state", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert quiet_page.get("", headers={"Sec-Fetch-Site": site}).status_code == 200


def test_without_the_token_there_is_nothing(open_labelling: Open, client_for: ClientFor) -> None:
    found = open_labelling()
    token = found.labelling.token
    page = client_for(found)
    for path in (
        "/", "//", "/api/state", f"/{token}", f"/{token[:-1]}/", f"/{token}x/", f"/{token.lower()}/api/state",
        f"//{token}/", f"/x/{token}/", f"/%2e%2e/{token}/", "/favicon.ico", f"/{token}%2fapi/state/..", "/é/", "/%ff/",
    ):  # fmt: skip
        answer = page.get(f"{OWN}{path}", follow_redirects=False)
        assert answer.status_code == 404, path
        assert token not in answer.text + str(answer.headers)
        assert page.post(f"{OWN}{path}", json=EVENT).status_code in (403, 404)


def test_no_file_but_those_of_the_page_is_readable(page: TestClient, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    for path in (
        "../secret.txt", "..%2fsecret.txt", "%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "..\\secret.txt",
        "labels.journal", "page/index.html", "index.html%00", "app.py", "../app.py",
        "__init__.py", "api/../../etc/passwd", "file:///etc/passwd", str(tmp_path / "secret.txt"), "index.html",
        "openapi.json", "docs",
    ):  # fmt: skip
        assert page.get(path).status_code == 404, path


def test_every_answer_says_that_nothing_may_be_kept_framed_or_loaded_from_elsewhere(quiet_page: TestClient) -> None:
    paths = ("", "api/state", "nothing", "api/documents/0", "api/documents/x")
    answers = [quiet_page.get(path) for path in paths] + [
        quiet_page.get("", headers={"Host": "evil.example"}),
        quiet_page.post("api/events"),
    ]
    for answer in answers:
        headers = answer.headers
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert not [name for name in headers if name.lower().startswith("access-control")]


def test_the_page_needs_nothing_that_its_policy_forbids() -> None:
    page = Path("detector/labelling/page/index.html").read_text("utf-8")
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert all("src=" in tag for tag in page.split("<script")[1:])


def test_other_methods_are_refused(quiet_page: TestClient) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        answer = quiet_page.request(method, "api/events", json=EVENT)
        assert answer.status_code == 405
    assert quiet_page.options("api/events").status_code in (403, 405, 415)
    assert quiet_page.request("TRACE", "api/state", headers=JSON).status_code == 405


def test_two_host_headers_are_refused(quiet_page: TestClient) -> None:
    headers: list[Any] = [("Host", "127.0.0.1:7000"), ("Host", "evil.example")]
    assert quiet_page.get("api/state", headers=headers).status_code == 421
