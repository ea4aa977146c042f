"""Counts of repeated paragraphs as evidence, and the file that they are in."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import detector
from detector.cleaner import Cleaner
from detector.errors import DataError, UsageError
from detector.evidence.paragraph_keys import KEY_VERSION, NO_KEY, keys_of
from detector.evidence.repeats import MOST, Repeats, amounts
from detector.evidence.repeats_file import FORMAT, RepeatedParagraphs, Totals, read_repeats, write_repeats
from detector.inference.model import Model
from detector.util.stored_arrays import ArrayWriter

APPEAL = "Support the Fellgate Herald from 2 a month. It takes a minute."
SAME = [
    "support the fellgate  herald from 15 a month! It takes a minute",
    "SUPPORT the Fellgate Herald from a month - it takes a minute",
    "\u3000Support\xa0the Fellgate Herald from 2\u202fa\u2009month.\u2028It takes a minute.\x85",
]
OTHER = ["Support the Fellgate Herald", "Support the Fellgate Herald from ä month. It takes a minute."]


def counted(paragraphs: dict[str, tuple[int, int]], sites: int = 1) -> Repeats:
    """Evidence that has these paragraphs, with the documents that they are in and those of the site."""
    keys = keys_of(list(paragraphs))
    order = np.argsort(keys)
    documents, of = (np.array([counts[n] for counts in paragraphs.values()], dtype=np.uint32)[order] for n in (0, 1))
    totals = Totals(int(of.max(initial=0)), 1, len(keys))
    return Repeats(RepeatedParagraphs(keys[order], documents, of, np.full(len(keys), sites, dtype=np.uint32), totals))


def written(folder: Path, repeats: Repeats) -> Path:
    path = folder / "counts.repeats"
    with path.open("wb") as file:
        write_repeats(repeats.counts, file)
    return path


@pytest.mark.parametrize("paragraph", SAME)
def test_what_has_the_same_key(paragraph: str) -> None:
    assert keys_of([paragraph]) == keys_of([APPEAL])


@pytest.mark.parametrize("paragraph", OTHER)
def test_what_has_another_key(paragraph: str) -> None:
    assert keys_of([paragraph]) != keys_of([APPEAL])


@pytest.mark.parametrize("paragraph", ["", "12,5 %", "* * *", "\xa0\u3000", "$1,099.00 Price $1099.00", "4.2 km, 1:31"])
def test_what_has_no_key(paragraph: str) -> None:
    assert keys_of([paragraph]).tolist() == [NO_KEY]


def test_what_has_a_key_in_spite_of_its_digits() -> None:
    """They are left out, unless there are more of them than letters: in a row of a table they are what it says."""
    assert NO_KEY not in keys_of(["12 comments", "4 min read", "Go 10", "Größe 1234567"]).tolist()


KEYS = ["685213c3a12b6185", "e99a32c955e1f8f4", "2a3a988b70ecfed8", "680d7d923e780842"]


def test_keys_stay_the_same() -> None:
    """A change of a key needs another `KEY_VERSION`: the files of users have these keys."""
    assert KEY_VERSION == 1
    assert [f"{key:016x}" for key in keys_of([APPEAL, "Größe \xa0 3", "续订", "\ud800"]).tolist()] == KEYS


@given(st.lists(st.text()))
def test_keys_do_not_depend_on_the_batch(paragraphs: list[str]) -> None:
    together = keys_of(paragraphs).tolist()
    assert together == [key for paragraph in paragraphs for key in keys_of([paragraph]).tolist()]


def test_amounts() -> None:
    """More with each document, less with the share of those without. Few prove little, and there is a limit."""
    documents, of = np.array([2, 3, 5, 10, 2, 2, 100, 990]), np.array([10, 10, 10, 10, 2, 1000, 1000, 1000])
    found = amounts(documents.astype(np.uint32), of.astype(np.uint32)).tolist()
    assert found == sorted(found[:4]) + found[4:]
    assert found[3] == found[-1] == MOST
    assert found[4] == 2  # both of two documents
    assert found[5] < 0.5 < found[6] < found[7]
    assert min(found) >= 0


def test_logits(tiny_model: Model) -> None:
    repeats = counted({APPEAL: (90, 100)})
    logits = repeats.logits(tiny_model, ["The bridge reopened.", SAME[0]], np.array([0, 1, 2]))
    assert logits is not None
    assert logits.dtype == np.float32
    assert not logits[0].any()
    reporting = np.array(tiny_model.kind_labels) == 0
    assert len(set(logits[1, reporting].tolist())) == len(set(logits[1, ~reporting].tolist())) == 1
    against = logits[1, ~reporting][0] - logits[1, reporting][0]
    assert against == pytest.approx(amounts(np.array([90], np.uint32), np.array([100], np.uint32))[0])
    assert repeats.logits(tiny_model, ["The bridge reopened."]) is None
    assert repeats.logits(tiny_model, []) is None
    assert counted({}).logits(tiny_model, [APPEAL]) is None


def test_found_is_a_row_of_logits(tiny_model: Model) -> None:
    repeats = counted({APPEAL: (1500, 2000)})
    ((found,),) = repeats.found(tiny_model, [SAME[0]])
    assert (found.group, found.text) == ("repeats", "in 1,500 of 2,000 documents")
    logits = repeats.logits(tiny_model, [SAME[0]])
    assert logits is not None
    np.testing.assert_array_equal(found.kinds, logits[0])
    assert repeats.found(tiny_model, ["The bridge reopened."]) == [[]]


def test_a_paragraph_that_stands_alone(tiny_model: Model) -> None:
    """It speaks for reporting in a document with others that clearly repeat, and says nothing elsewhere."""
    repeats = counted({APPEAL: (90, 100), "Read on": (2, 1000)})
    story, number = "The bridge reopened.", "12"
    documents = [[story, number, APPEAL], [story, "Read on"], [story]]
    paragraphs = [paragraph for document in documents for paragraph in document]
    logits = repeats.logits(tiny_model, paragraphs, np.array([0, 3, 5, 6]))
    assert logits is not None
    reporting = np.array(tiny_model.kind_labels) == 0
    against = (logits[:, ~reporting].mean(axis=1) - logits[:, reporting].mean(axis=1)).round(3).tolist()
    assert against == [-1, 0, 5, 0, pytest.approx(0, abs=0.5), 0]
    for document, at in ((documents[0], 0), (documents[1], 3), (documents[2], 5)):
        found = repeats.found(tiny_model, document)[0]
        assert [each.text for each in found] == ["does not repeat, others here do"] * (against[at] < 0)
        for each in found:
            np.testing.assert_array_equal(each.kinds, logits[at])


def test_it_counts_in_its_own_document_alone(tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model, evidence=(counted({APPEAL: (90, 100)}),))
    texts = [f"The bridge reopened.\n{APPEAL}", "The bridge reopened.\nRain fell."]
    together = [prediction.keep_scores.tolist() for prediction in cleaner.predict_many(texts)]
    assert together == [cleaner.predict(text).keep_scores.tolist() for text in texts]


def test_merged(tiny_model: Model) -> None:
    one, two = counted({APPEAL: (2, 100), "b": (5, 10)}), counted({APPEAL: (90, 100), "c": (7, 9)})
    merged = Repeats.merged([one, two])
    assert merged == Repeats.merged([two, one])
    assert [found.text for each in merged.found(tiny_model, [APPEAL, "b", "c"]) for found in each] == [
        "in 90 of 100 documents", "in 5 of 10 documents", "in 7 of 9 documents",
    ]  # fmt: skip
    assert Repeats.merged([one]) is one
    assert len(Repeats.merged([]).counts) == 0


def test_equality_and_pickles() -> None:
    repeats = counted({APPEAL: (2, 100)})
    copy = pickle.loads(pickle.dumps(repeats))
    assert copy == repeats == counted({APPEAL: (2, 100)})
    assert hash(copy) == hash(repeats)
    assert repeats != counted({APPEAL: (3, 100)})
    assert repeats.digest != counted({APPEAL: (3, 100)}).digest


def test_a_file_comes_back(tmp_path: Path) -> None:
    repeats = counted({APPEAL: (90, 100), "b": (5, 10)}, sites=3)
    path = written(tmp_path, repeats)
    assert Repeats.read(path) == repeats
    assert read_repeats(str(path)).totals == repeats.counts.totals
    content = path.read_bytes()
    assert written(tmp_path, Repeats.read(path)).read_bytes() == content
    with np.load(path, allow_pickle=False) as arrays:  # a file of NumPy's
        assert sorted(arrays) == ["about", "documents", "keys", "of", "sites"]


def test_the_same_bytes_on_every_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repeats = counted({APPEAL: (90, 100), "b": (5, 10)})
    content = written(tmp_path, repeats).read_bytes()
    monkeypatch.setattr("zipfile.sys.platform", "win32")
    assert written(tmp_path, repeats).read_bytes() == content


def arrays_with(path: Path, **changed: np.ndarray | None) -> Path:
    """A file of two paragraphs, with changed arrays."""
    arrays = {
        "about": np.array([FORMAT, KEY_VERSION, 10, 1, 2]), "keys": np.array([3, 9], dtype="<u8"),
        "documents": np.array([2, 3], dtype="<u4"), "of": np.array([9, 9], dtype="<u4"),
        "sites": np.array([1, 1], dtype="<u4"), **changed,
    }  # fmt: skip
    with path.open("wb") as file, ArrayWriter(file) as writer:
        for name, array in arrays.items():
            if array is not None:
                writer.write(name, array)
    return path


WRONG = {
    "keys that are not in order": ({"keys": np.array([9, 3], dtype="<u8")}, "not in order"),
    "a key twice": ({"keys": np.array([3, 3], dtype="<u8")}, "not in order"),
    "no key": ({"keys": np.array([0, 3], dtype="<u8")}, "not in order"),
    "lengths": ({"of": np.array([9], dtype="<u4")}, "different lengths"),
    "more than all": ({"of": np.array([9, 2], dtype="<u4")}, "contradict"),
    "none": ({"documents": np.array([0, 2], dtype="<u4")}, "contradict"),
    "another type": ({"keys": np.array([3.0, 9.0])}, "keys is float64"),
    "big-endian": ({"keys": np.array([3, 9], dtype=">u8")}, "keys is >u8"),
    "another shape": ({"keys": np.array([[3, 9]], dtype="<u8")}, "of shape"),
    "a missing array": ({"sites": None}, "other arrays"),
    "one more": ({"more": np.array([1])}, "other arrays"),
    "another version": ({"about": np.array([FORMAT + 1, KEY_VERSION, 0])}, "version 2.1"),
    "another version of keys": ({"about": np.array([FORMAT, KEY_VERSION + 1, 10, 1, 2])}, "version 1.2"),
    "too little": ({"about": np.array([FORMAT])}, "not understood"),
    "below nothing": ({"about": np.array([FORMAT, KEY_VERSION, -1, 1, 2])}, "not understood"),
    "counts of a part": ({"rows": np.zeros((1, 3), dtype="<u8")}, "repeats merge"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files(name: str, tmp_path: Path) -> None:
    changed, message = WRONG[name]
    path = arrays_with(tmp_path / "x.repeats", **changed)
    with pytest.raises(DataError, match=message) as caught:
        Repeats.read(path)
    assert str(path) in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        Repeats.read(tmp_path / "none.repeats")
    with pytest.raises(DataError, match="cannot be read"):
        Repeats.read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"The bridge reopened.\n", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + bytes(99)]
)
def test_what_is_no_such_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.repeats"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no file of repeated paragraphs, or damaged"):
        Repeats.read(path)


HEADERS = {
    "a bracket that stays open": "{'descr': '<u8', 'fortran_order': False, 'shape': (2,",
    "deep nesting": "(" * 5000,
    "a key that has no hash": "{[]: 1}",
    "text": "Give now!",
    "a number of Python 2": "{'descr': '<u8', 'fortran_order': False, 'shape': (9L,), }",
    "no type": "{'descr': 5, 'fortran_order': False, 'shape': (2,), }",
    "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", HEADERS)
def test_wrong_headers(name: str, tmp_path: Path) -> None:
    """What NumPy says of them is not passed on as it is."""
    header = HEADERS[name].encode() + b"\n"
    path = written(tmp_path, counted({APPEAL: (90, 100)}))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "z", "w") as new:
        for member in old.namelist():
            keys = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(8)
            new.writestr(member, keys if member == "keys.npy" else old.read(member))
    with pytest.raises(DataError, match="or damaged: keys"):
        Repeats.read(tmp_path / "z")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe or a device"):
        Repeats.read(tmp_path / "pipe")


def test_every_cut_and_every_changed_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    """Never another error than ours, and never other counts."""
    repeats = counted({APPEAL: (90, 100), "b": (5, 10)})
    path = written(tmp_path, repeats)
    content = path.read_bytes()
    for at in range(0, len(content), 3):
        for damaged in (content[:at], content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :]):
            path.write_bytes(damaged)
            try:
                assert Repeats.read(path) == repeats
            except DataError:
                continue


def test_compressed_members_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, counted({APPEAL: (90, 100)}))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "z", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(DataError, match="compressed"):
        Repeats.read(tmp_path / "z")


def test_a_claim_of_many_paragraphs_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.repeats"
    with path.open("wb") as file, ArrayWriter(file) as writer:
        writer.write("about", np.array([FORMAT, KEY_VERSION, 10, 1, 2]))
        for name in ("documents", "of", "sites"):
            writer.write(name, np.ones(1, dtype="<u4"))
        writer.write_blocks("keys", np.dtype("<u8"), (1 << 50,), [np.frombuffer(struct.pack("<Q", 7), dtype="<u8")])
    with pytest.raises(DataError, match=r"keys has 8 bytes of 1,125,899,906,842,624 numbers"):
        Repeats.read(path)


ARTICLE = (
    "Ferry to Tarn Island returns after two years\n"
    "The ferry between Fellgate and Tarn Island will sail again from 4 May, the harbour authority said on Monday.\n"
    "{}\n"
    "It stopped in 2029, when a storm broke the pier on the island and sank two fishing boats.\n"
    '"We have waited long enough," said Marit Oldroyd, who runs the only shop there. "Bread came by helicopter."\n'
    "{}\n"
    "A crossing will take 50 minutes. The first boats are nearly full, the authority said.\n"
)
STANDING = {
    "an explanation": "Oldroyd Mills has 3,000 employees at nine plants and is owned by the Harbeck family.",
    "a quotation": '"Nobody told us anything until the trucks had left," said Ilse Brandvold, who lives beside it.',
    "an agency's paragraph": "Talks between the two sides were suspended on Thursday without a date for a new round.",
    "a legal note": "He denies the charges. The trial at Fellgate Crown Court continues.",
}


@pytest.mark.parametrize("name", STANDING)
def test_reporting_that_repeats_stays(name: str) -> None:
    """Also what is in every document of a site: that it repeats is evidence, and no rule."""
    text = ARTICLE.format(STANDING[name], "The council voted 11 to 4 for the plan.")
    repeats = counted({STANDING[name]: (1000, 1000), "The council voted to for the plan": (1000, 1000)})
    cleaner = detector.load()
    assert cleaner.clean(text).text == text
    assert Cleaner(cleaner.model, evidence=(repeats,)).clean(text).text == text


def test_a_letter_that_repeats_goes() -> None:
    """A letter of which the model alone keeps a paragraph."""
    letter = (
        "Local papers like the one you are reading are closing all over the region.",
        "It costs us about 40 to send a reporter to a council meeting.",
    )
    text = ARTICLE.format(*letter)
    cleaner = detector.load()
    assert letter[0] in cleaner.clean(text).text
    repeats = counted(dict.fromkeys(letter, (900, 1000)))
    clean = Cleaner(cleaner.model, evidence=(repeats,)).clean(text)
    assert [paragraph.text for paragraph in clean.removed] == list(letter)
