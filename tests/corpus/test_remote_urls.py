"""URLs: which paths are some, what they have in common, and what of them is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.errors import UsageError
from detector.util.urls import Listed, Url, hidden, is_url, named, place_of, without_secrets

PLACES: list[tuple[str, Path | Url]] = [
    ("article.txt", Path("article.txt")),
    ("C:/articles/a.txt", Path("C:/articles/a.txt")),
    ("C:\\articles\\a.txt", Path("C:\\articles\\a.txt")),
    ("c://articles", Path("c:/articles")),
    ("10:30.txt", Path("10:30.txt")),
    ("s3:/bucket/a.txt", Path("s3:/bucket/a.txt")),
    ("a::b.txt", Path("a::b.txt")),
    ("file:///articles/a.txt", Path("/articles/a.txt")),
    ("file://articles/a.txt", Path("articles/a.txt")),
    ("file:///C:/a.txt", Path("C:/a.txt")),
    ("local:///articles", Path("/articles")),
    ("s3://bucket/a.txt", Url("s3://bucket/a.txt")),
    ("s3://bucket/clean//", Url("s3://bucket/clean")),
    ("s3://bucket/", Url("s3://bucket")),
    ("s3://bucket/a::b.txt", Url("s3://bucket/a::b.txt")),
    ("hf://datasets/user/name/a.parquet", Url("hf://datasets/user/name/a.parquet")),
    ("https://paper.example/a.txt?day=1", Url("https://paper.example/a.txt?day=1")),
    ("https://paper.example/", Url("https://paper.example/")),
]


@pytest.mark.parametrize(("path", "place"), PLACES, ids=[path for path, _ in PLACES])
def test_a_path_names_a_place(path: str, place: Path | Url) -> None:
    assert place_of(path) == place
    assert is_url(path) == isinstance(place, Url)


@pytest.mark.parametrize(
    "path", ["simplecache::s3://b/a.txt", "zip://a.txt::s3://b/a.zip", "zip://*.txt::file://a.zip"]
)
def test_a_chain_of_file_systems_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="chain of file systems"):
        place_of(path)


SAME = [
    ("s3://b/k", "s3a://b/k"), ("gs://b/k", "gcs://b/k"), ("memory://a/b", "memory:///a/b"), ("s3://b/k", "s3://b/k/"),
    ("sftp://h/a/../b", "ssh://h/b"), ("ftp://u:one@h/a", "ftp://u:two@h/a"), ("http://h/a", "https://h/a"),
]  # fmt: skip
OTHERS = [
    ("s3://b/k", "s3://b/K"), ("s3://b/k", "gs://b/k"), ("s3://b//k", "s3://b/k"), ("s3://b/a/../k", "s3://b/k"),
    ("abfs://one@account/k", "abfs://two@account/k"), ("https://h/a?x=1", "https://h/a?x=2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"), [*((*pair, True) for pair in SAME), *((*pair, False) for pair in OTHERS)]
)
def test_spellings_of_one_place_have_the_same_key(one: str, other: str, same: bool) -> None:
    assert (Url(one).key == Url(other.rstrip("/")).key) == same


@pytest.mark.parametrize(
    ("place", "folder", "below"),
    [
        ("s3://b/in/a/b.txt", "s3://b/in", "a/b.txt"),
        ("s3://b/in", "s3a://b/in", ""),
        ("s3://b/inner/a.txt", "s3://b/in", None),
        ("s3://b/a.txt", "s3://b", "a.txt"),
        ("gs://b/in/a.txt", "s3://b/in", None),
    ],
)
def test_what_lies_below_a_folder(place: str, folder: str, below: str | None) -> None:
    assert Url(place).below(Url(folder)) == below


NAMES = [
    ("s3://b/in/a.txt.gz", "a.txt.gz"), ("s3://b/what?.txt", "what?.txt"), ("s3://b/in/..", "index"),
    ("https://h/a%20b.html?x=/c.txt", "a b.html"), ("https://h/folder/", "folder"), ("https://h", "index"),
    ("https://h/..%2F..%2Fetc", "etc"), ("https://h/%2E%2E", "index"), ("https://h/a%00.txt", "index"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "name"), NAMES)
def test_the_name_is_the_last_part(url: str, name: str) -> None:
    assert Url(url).name == name
    assert named(Url(url)) == Path(name)


HIDDEN = [
    ("s3://bucket/a.txt", "s3://bucket/a.txt"),
    ("sftp://user:secret@host/a.txt", "sftp://user:***@host/a.txt"),
    ("sftp://user:se@cret@host/a.txt", "sftp://user:***@host/a.txt"),
    ("sftp://user@host/a.txt", "sftp://user@host/a.txt"),
    ("abfs://container@account.example/a.txt", "abfs://container@account.example/a.txt"),
    ("https://host/a.txt?X-Signature=secret", "https://host/a.txt?***"),
    ("https://host?token=secret", "https://host?***"),
    ("s3://bucket/a.txt?versionId=secret", "s3://bucket/a.txt?***"),
    ("s3://bucket/what?.txt", "s3://bucket/what?.txt"),
]


@pytest.mark.parametrize(("url", "shown"), HIDDEN)
def test_secrets_are_not_shown(url: str, shown: str) -> None:
    assert hidden(url) == str(Url(url)) == shown
    assert "secret" not in repr(Url(url))
    for quoted in (f"404, message='Not Found', url='{url}'", url.partition("?")[2], f"GET {url.partition('://')[2]}"):
        assert "secret" not in without_secrets(quoted, url)


def test_a_query_that_a_library_has_encoded_in_another_way_is_not_shown() -> None:
    url = "https://host/a.txt?X-Credential=secret%2F2031%2Feast&X-Signature=other%3Dsecret"
    message = (
        "403, message='Forbidden', url='https://host/a.txt?X-Credential=secret/2031/east&X-Signature=other=secret'"
    )
    assert without_secrets(message, url) == "403, message='Forbidden', url='https://host/a.txt?***'"


def test_what_was_listed_does_not_make_another_place() -> None:
    assert Url("s3://b/k", Listed(1, "x")) == Url("s3://b/k") == Url("s3://b/k").with_listed(Listed(2, "y"))
    assert len({Url("s3://b/k"), Url("s3://b/k", Listed(1, None))}) == 1
    assert Url("s3://b/k") != "s3://b/k"
