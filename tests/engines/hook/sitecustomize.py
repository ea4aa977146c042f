"""Imported by every Python process that has this folder in PYTHONPATH: notes the process when it reads a model."""

import os
import sys


def _note(event: str, arguments: tuple[object, ...]) -> None:
    # opened with an opener, a file is noted twice: by `open`, and by `os.open`, which knows no mode
    is_read = event == "open" and arguments[1] is not None and str(arguments[0]).endswith("model.joblib")
    if is_read and "MODEL_READS" in os.environ:
        log = os.open(os.environ["MODEL_READS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, b"%d\n" % os.getpid())
        os.close(log)


sys.addaudithook(_note)
