#!/usr/bin/env bash
# doccano 1.8.4: a file of JSON Lines whose records have different fields besides text and label cannot be imported.
# Batches of records become a pandas table, in which a field that a record lacks is NaN. That is saved among the
# record's metadata, and NaN is no JSON: the database refuses it, and nothing of the batch is imported. The same records
# with the same fields, null where a value is missing, are imported.
# Seen, with SQLite: IntegrityError: CHECK constraint failed: (JSON_VALID("meta") OR "meta" IS NULL); 0 examples. With
# the same fields: 2 examples.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
# Later releases of these three do not work with doccano 1.8.4, which sets no upper bounds for them.
venv/bin/pip install --quiet --disable-pip-version-check doccano==1.8.4 marshmallow==3.26.1 numpy==1.26.4 setuptools==80.9.0
cat > different.jsonl <<'JSON'
{"text": "The ferry sailed.", "label": [[0, 17, "reporting"]], "site": "quay.example"}
{"text": "Give what you can.", "label": [[0, 18, "appeal"]], "lang": "en"}
JSON
cat > same.jsonl <<'JSON'
{"text": "The ferry sailed.", "label": [[0, 17, "reporting"]], "site": "quay.example", "lang": null}
{"text": "Give what you can.", "label": [[0, 18, "appeal"]], "site": null, "lang": "en"}
JSON
cat > import.py <<'PY'
import os
import sys
from importlib.util import find_spec

sys.path.insert(0, find_spec("backend").submodule_search_locations[0])
os.environ.update(DJANGO_SETTINGS_MODULE="config.settings.production", STANDALONE="True")
import django

django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError

call_command("migrate", verbosity=0)
call_command("create_roles", verbosity=0)
from data_import.datasets import load_dataset
from data_import.pipeline.catalog import create_file_format
from data_import.pipeline.readers import FileName
from examples.models import Example
from projects.models import ProjectType, SequenceLabelingProject

name, task = sys.argv[1], ProjectType.SEQUENCE_LABELING
user = User.objects.create_user(name)
project = SequenceLabelingProject.objects.create(name=name, description=name, project_type=task, created_by=user)
dataset = load_dataset(task, create_file_format("JSONL"), [FileName(name, name, name)], project)
try:
    dataset.save(user)
except IntegrityError as error:
    print("IntegrityError:", error)
print(name, Example.objects.filter(project=project).count(), "examples,", len(dataset.errors), "errors")
PY
for name in different same; do
    DATABASE_URL="sqlite:///$folder/$name.sqlite3" MEDIA_ROOT="$folder/media" venv/bin/python import.py "$name.jsonl" 2> "$name.log" |
        grep -v '^Role created' | tee "$name.txt" || { cat "$name.log"; exit 1; }
done
grep -q 'IntegrityError.*JSON_VALID' different.txt || { echo "changed: different fields are imported"; exit 1; }
grep -q '^different.jsonl 0 examples' different.txt || { echo "changed: a part is imported"; exit 1; }
grep -q '^same.jsonl 2 examples, 0 errors' same.txt || { echo "changed: the same fields are not imported"; exit 1; }
