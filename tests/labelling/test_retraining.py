"""Training on the labels: in the background, shown before it is taken over, and undone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from labelling import TEXTS, Opened, document
from served import LONG, until

from detector.cleaner import Cleaner, Prediction
from detector.encoder.model import Encoder
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.fit import adapt as adapting
from detector.fit.adapt_figures import FIGURES, LOSS
from detector.inference.model import Model
from detector.inference.storage import load_model, save
from detector.labelling.journal import ModelEvent
from detector.labelling.session import Asked
from detector.labelling.training import train

Open = Callable[..., Opened]
ClientFor = Callable[..., TestClient]
BEFORE = {"lost": 0.02, "appeal": 0.5, "nav": None, "loss": 0.9}
AFTER = {"lost": 0.01, "appeal": 0.75, "nav": None, "loss": 0.4}


@pytest.fixture
def labelled_documents(tiny_data: Path) -> list[LabelledDocument]:
    return list(read_documents([tiny_data]))[:2]


def adapted(model: Model, better: bool = True, notes: tuple[str, ...] = (), learnt: int = 0) -> SimpleNamespace:
    return SimpleNamespace(model=model, before=BEFORE, after=AFTER, better=better, notes=notes, learnt=learnt)


@pytest.fixture
def another(tiny_model: Model, tmp_path: Path) -> Path:
    """The folder of a model that differs from the tiny one."""
    calibration = 2 * tiny_model.calibration
    folder = tmp_path / "another"
    save(replace(tiny_model, calibration=calibration), folder, tiny_model.metadata)
    return folder


def ready(found: Opened, another: Path) -> str:
    """Put a trained model there, as training does. Returns its digest."""
    retraining = found.labelling.retraining
    shutil.copytree(another, retraining.new)
    digest = str(load_model(another).metadata["sha256"])
    retraining._note(
        "ready", {"message": "It is better.", "before": BEFORE, "after": AFTER, "better": True, "digest": digest}
    )
    return digest


@pytest.mark.slow
def test_a_model_is_trained_and_shown(
    open_labelling: Open, client_for: ClientFor, tiny_model_dir: Path, labelled_documents: list[LabelledDocument],
    tmp_path: Path,
) -> None:  # fmt: skip
    """With the real training, in its own process."""
    found = open_labelling(labelled_documents, model=tiny_model_dir)
    page = client_for(found)
    assert page.post("api/retrain", json={}).status_code == 202
    assert page.post("api/retrain", json={}).status_code == 409
    answer = page.post("api/events", json={
        "client": "window-aaaa", "serial": 1, "action": "done", "document": 0, "seen": 0,
    })  # fmt: skip
    assert answer.status_code == 200  # while training goes on
    found.labelling.retraining.wait(4 * LONG)
    shown = page.get("api/state").json()["retrain"]
    assert shown["status"] in ("ready", "rejected"), shown
    assert set(shown["before"]) == set(shown["after"]) == {*FIGURES, LOSS}
    assert shown["better"] is (shown["status"] == "ready")
    assert "On labelled paragraphs that it did not see, the new model is" in shown["message"]
    assert (tmp_path / "labels.model.new").exists() == shown["better"]
    assert not (tmp_path / "labels.model").exists()


def test_a_model_is_taken_over_and_given_back(
    open_labelling: Open, client_for: ClientFor, another: Path, tiny_cleaner: Cleaner, tmp_path: Path
) -> None:
    found = open_labelling()
    page = client_for(found)
    digest = ready(found, another)
    first = page.get("api/state").json()["model"]
    before = page.get("api/documents/0").json()["paragraphs"][0]["suggestion"]
    found.labelling.post(Asked("window-aaaa", 1, "label", 0, 0, 0, "appeal"))
    assert page.get("api/state").json()["agreement"]["labelled"] == 1
    state = page.post("api/retrain/accept", json={}).json()
    assert (state["retrain"]["status"], state["model"]["sha256"]) == ("accepted", digest)
    assert state["model"]["name"].endswith("trained on these labels")
    assert state["agreement"]["labelled"] == 0  # the label was given to a suggestion of the other model
    assert state["retrain"]["command"] == f"detector clean INPUT -o clean/ --model {tmp_path / 'labels.model'}"
    found.labelling.write()
    assert found.labelling.line() == (
        f"1 paragraph is labelled; the labels are in {tmp_path / 'labels.jsonl'}, and {tmp_path / 'labels.model'} is "
        f"the model trained on them: {state['retrain']['command']}"
    )
    assert page.get("api/documents/0").json()["paragraphs"][0]["suggestion"]["scores"] != before["scores"]
    assert [load_model(tmp_path / "labels.model").metadata["sha256"]] == [digest]
    assert not (tmp_path / "labels.model.new").exists()
    assert page.post("api/retrain/accept", json={}).status_code == 409
    state = page.post("api/retrain/reject", json={}).json()
    assert (state["retrain"]["status"], state["model"]) == ("rejected", first)
    assert page.get("api/documents/0").json()["paragraphs"][0]["suggestion"] == before
    assert not (tmp_path / "labels.model").exists()


def test_a_model_is_taken_over_without_the_encoder(
    open_labelling: Open, client_for: ClientFor, another: Path, tiny_cleaner: Cleaner, encoder: Encoder, tmp_path: Path
) -> None:
    """An encoder corrects one small model only: the suggestions of a retrained one are its own. All of that is told."""
    reading = replace(tiny_cleaner, encoder=encoder, effort=1.0)
    found = open_labelling(cleaner=reading)
    page = client_for(found)
    first = page.get("api/state").json()["model"]
    assert first["name"] == "the accurate model, effort 1"
    before = page.get("api/documents/0").json()["paragraphs"][0]["suggestion"]
    assert before["scores"] == rounded(reading.predict("\n".join(TEXTS[0])))
    digest = ready(found, another)
    assert "without the encoder" in page.get("api/state").json()["retrain"]["message"]
    state = page.post("api/retrain/accept", json={}).json()
    assert state["model"] == {
        "name": "the model that comes with the package, trained on these labels",
        "sha256": digest,
    }
    assert "without the encoder of the accurate model" in state["retrain"]["message"]
    used = found.labelling.session.suggester.cleaner
    assert (used.encoder, used.effort, used.model) == (None, 0.0, load_model(another))
    alone = replace(tiny_cleaner, model=load_model(another))
    after = page.get("api/documents/0").json()["paragraphs"][0]["suggestion"]
    assert after["scores"] == rounded(alone.predict("\n".join(TEXTS[0])))
    found.labelling.close()
    resumed = client_for(open_labelling(cleaner=reading))  # a later call with the accurate model
    assert resumed.get("api/state").json()["model"]["sha256"] == digest
    assert resumed.get("api/documents/0").json()["paragraphs"][0]["suggestion"]["scores"] == after["scores"]
    state = resumed.post("api/retrain/reject", json={}).json()
    assert state["model"] == first
    assert resumed.get("api/documents/0").json()["paragraphs"][0]["suggestion"] == before


def rounded(prediction: Prediction) -> dict[str, float]:
    """The scores of the first paragraph as the page has them."""
    return {label: round(float(score), 4) for label, score in prediction.paragraphs[0].scores.items()}


def test_without_an_encoder_nothing_is_said_of_one(open_labelling: Open, client_for: ClientFor, another: Path) -> None:
    found = open_labelling()
    page = client_for(found)
    ready(found, another)
    states = page.get("api/state").json(), page.post("api/retrain/accept", json={}).json()
    assert not any("encoder" in state["retrain"]["message"] for state in states)


def test_a_model_that_was_taken_over_stays_when_the_next_one_is_dropped(
    open_labelling: Open, client_for: ClientFor, another: Path, tmp_path: Path
) -> None:
    found = open_labelling()
    page = client_for(found)
    digest = ready(found, another)
    page.post("api/retrain/accept", json={})
    found.labelling.retraining._note("started", {"documents": 1})
    found.labelling.retraining._note("rejected", {"message": "It is no better.", "better": False})
    state = page.get("api/state").json()
    assert (state["model"]["sha256"], state["retrain"]["status"]) == (digest, "accepted")
    assert (state["retrain"]["message"], state["retrain"]["adapted"]) == ("It is no better.", True)
    found.labelling.close()
    again = client_for(open_labelling())
    assert again.get("api/state").json()["model"]["sha256"] == digest
    state = again.post("api/retrain/reject", json={}).json()
    assert (state["model"]["sha256"] != digest, state["retrain"]["adapted"]) == (True, False)
    assert not (tmp_path / "labels.model").exists()


def test_a_new_model_is_dropped(open_labelling: Open, client_for: ClientFor, another: Path, tmp_path: Path) -> None:
    found = open_labelling()
    page = client_for(found)
    ready(found, another)
    state = page.post("api/retrain/reject", json={}).json()
    assert state["retrain"]["status"] == "rejected"
    assert not list(tmp_path.glob("labels.model*"))
    assert page.post("api/retrain/reject", json={}).status_code == 409


def test_an_accepted_model_is_there_after_a_restart_also_if_it_was_not_moved(
    open_labelling: Open, another: Path, tmp_path: Path
) -> None:
    found = open_labelling()
    digest = ready(found, another)
    found.labelling.retraining._note("accepted", {"digest": digest, "message": "It is taken over."})
    found.labelling.journal.close()  # killed before the folder was moved
    again = open_labelling()
    assert again.labelling.session.suggester.digest == digest
    assert (tmp_path / "labels.model").is_dir()
    again.labelling.close()
    shutil.rmtree(tmp_path / "labels.model")
    last = open_labelling()
    assert "cannot be used" in str(last.messages[-1])
    assert last.labelling.session.suggester.digest == last.labelling.retraining.first


def test_a_model_that_waits_is_there_after_a_restart(open_labelling: Open, another: Path) -> None:
    found = open_labelling()
    digest = ready(found, another)
    found.labelling.close()
    again = open_labelling()
    assert (again.labelling.retraining.now.status, again.labelling.retraining.now.digest) == ("ready", digest)
    again.labelling.close()
    shutil.rmtree(again.labelling.retraining.new)
    assert open_labelling().labelling.retraining.now.status == "idle"


def test_training_that_was_interrupted_is_told(open_labelling: Open) -> None:
    found = open_labelling()
    found.labelling.journal.add_model_event(ModelEvent("2031", "started", {"documents": 3}))
    found.labelling.close()
    now = open_labelling().labelling.retraining.now
    assert (now.status, now.message) == ("idle", "The last training was interrupted. Start it again.")


def test_another_process_takes_a_model_over(open_labelling: Open, another: Path) -> None:
    one, other = open_labelling(), open_labelling()
    digest = ready(one, another)
    one.labelling.retraining.accept()
    state = other.labelling.changes(0)["state"]
    assert (state["model"]["sha256"], state["retrain"]["status"]) == (digest, "accepted")
    one.labelling.retraining.reject()
    assert other.labelling.changes(0)["state"]["model"]["sha256"] == other.labelling.retraining.first


def test_another_process_moves_the_model_that_this_one_takes_over(
    open_labelling: Open, another: Path, tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one reads in the journal that the model is taken over, and moves its folder first."""
    retraining = (found := open_labelling()).labelling.retraining
    digest = ready(found, another)
    shutil.copytree(tiny_model_dir, retraining.folder)  # an earlier one
    note = retraining._note

    def noted(*args: Any) -> None:
        note(*args)
        shutil.rmtree(retraining.folder)
        retraining.new.rename(retraining.folder)

    monkeypatch.setattr(retraining, "_note", noted)
    retraining.accept()
    assert load_model(retraining.folder).metadata["sha256"] == digest


def test_too_few_labels_are_told(open_labelling: Open, client_for: ClientFor) -> None:
    found = open_labelling([document(0, [f"Line {n}." for n in range(12)]), document(1, ["Rain fell."])])
    page = client_for(found)
    found.labelling.post(Asked("window-aaaa", 1, "label", 0, 0, 6, "appeal"))
    answer = page.post("api/retrain", json={})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("7 paragraphs have a label. Training needs 8")


def test_labels_that_the_model_does_not_have_are_left_out(open_labelling: Open, client_for: ClientFor) -> None:
    texts = [f"Line {n}." for n in range(12)]
    given = {f"p{n}": ("rubric", None, None) for n in range(12)}
    page = client_for(open_labelling([document(0, texts, **given)]))
    assert page.post("api/retrain", json={}).json()["detail"].startswith("0 paragraphs have a label")


def test_a_process_that_ends_is_told(
    open_labelling: Open, labelled_documents: list[LabelledDocument], tiny_model_dir: Path
) -> None:
    found = open_labelling(labelled_documents, model=tiny_model_dir)
    found.labelling.retrain()
    process = found.labelling.retraining._process
    assert process is not None
    process.kill()
    until(lambda: found.labelling.retraining.now.status != "running")
    assert found.labelling.retraining.now.status == "failed"
    assert "-9" in found.labelling.retraining.now.message


def test_a_model_that_is_no_better_is_not_saved(
    tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    note = "no paragraph is labelled navigation"
    monkeypatch.setattr(adapting, "adapt", lambda model, *_, **__: adapted(model, False, (note,)))
    found = train(tiny_model_dir, [], tmp_path / "new", print)
    assert found["action"] == "rejected"
    assert found["message"] == (
        "On labelled paragraphs that it did not see, the new model is no better. The model stays as it was. "
        "No paragraph is labelled navigation."
    )
    assert json.loads(json.dumps(found["before"])) == BEFORE
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("learnt", "on"), [(0, "On labelled paragraphs that it did not see, "), (2, "On labelled paragraphs, ")]
)
def test_paragraphs_that_the_model_has_learnt_from_are_not_called_unseen(
    learnt: int, on: str, tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(adapting, "adapt", lambda model, *_, **__: adapted(model, False, learnt=learnt))
    found = train(tiny_model_dir, [], tmp_path / "new", print)
    assert found["message"].startswith(f"{on}the new model is no better.")


def test_a_model_that_is_better_is_saved_over_an_earlier_one(
    tiny_model_dir: Path, another: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(tiny_model_dir, tmp_path / "new")
    source, new = load_model(tiny_model_dir), load_model(another)
    low, high = (replace(each, thresholds={"balanced": value}) for each, value in ((source, 0.1), (new, 0.4)))
    monkeypatch.setattr("detector.labelling.training.load_model", lambda _: low)
    monkeypatch.setattr(adapting, "adapt", lambda *_, **__: adapted(high))
    monkeypatch.setattr(adapting, "save_adapted", lambda each, folder: save(each.model, folder, each.model.metadata))
    found = train(tiny_model_dir, [], tmp_path / "new", print)
    assert (found["action"], found["digest"]) == ("ready", load_model(tmp_path / "new").metadata["sha256"])
    assert found["message"].endswith(" is better. The default threshold rises from 0.10 to 0.40.")


def test_labels_that_cannot_be_trained_on_are_told(tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch,
                                                   tmp_path: Path) -> None:  # fmt: skip
    def fail(*_: Any, **__: Any) -> None:
        raise DataError("too few")

    monkeypatch.setattr(adapting, "adapt", fail)
    assert train(tiny_model_dir, [], tmp_path / "new", print) == {"action": "failed", "message": "too few"}
