"""Imports a file into a new project of doccano and exports it, with doccano's own code, in a process of its own.

    python doccano_project.py FOLDER IN OUT

It is run by a Python that has doccano 1.8. FOLDER is for its database; OUT is the JSON Lines file that its page
"Export dataset" makes.
"""

import os
import shutil
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path


def main(folder: Path, source: Path, target: Path) -> None:
    prepare(folder)
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("create_roles", verbosity=0)
    from data_export.celery_tasks import export_dataset
    from data_import.datasets import load_dataset
    from data_import.pipeline.catalog import create_file_format
    from data_import.pipeline.readers import FileName
    from projects.models import ProjectType, SequenceLabelingProject

    user = User.objects.create_user("anna")
    project = SequenceLabelingProject.objects.create(
        name="letters", description="x", project_type=ProjectType.SEQUENCE_LABELING, created_by=user,
        collaborative_annotation=True,
    )  # fmt: skip
    dataset = load_dataset(
        ProjectType.SEQUENCE_LABELING,
        create_file_format("JSONL"),
        [FileName(str(source), source.name, source.name)],
        project,
        column_data="text",
        column_label="label",
        encoding="Auto",
    )
    dataset.save(user)
    if dataset.errors:
        raise SystemExit(str([error.dict() for error in dataset.errors]))
    packed = export_dataset(project.id, "JSONL", False)
    with zipfile.ZipFile(packed) as files:
        target.write_bytes(files.read("all.jsonl"))


def prepare(folder: Path) -> None:
    """Have doccano keep everything in a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings.production",
        DATABASE_URL=f"sqlite:///{folder}/db.sqlite3",
        MEDIA_ROOT=f"{folder}/media",
        STANDALONE="True",
    )
    found = find_spec("backend")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("doccano is not installed")
    sys.path.insert(0, found.submodule_search_locations[0])


main(*map(Path, sys.argv[1:]))
