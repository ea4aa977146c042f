# The binding of json_lines.hpp. `detector.formats.jsonl` calls it, and reads in Python what is None here.

from cpython.unicode cimport PyUnicode_DecodeUTF8
from libcpp cimport bool as _bool


cdef extern from "json_lines.hpp" namespace "detector":
    struct _Utf8 "detector::Utf8":
        const char* at
        size_t size

    cppclass _Bytes "detector::Bytes":
        char* at

    struct _JsonRecord "detector::JsonRecord":
        _Utf8 text
        _Utf8 id
        size_t start
        size_t stop
        _bool is_null

    struct _JsonSpelling "detector::JsonSpelling":
        _bool ascii
        _bool slashes
        _bool capitals

    _bool _read_record "detector::read_record"(_Utf8, _Utf8, _Utf8, _JsonRecord&, _Bytes&) except +
    size_t _write_string "detector::write_string"(_Utf8, _JsonSpelling, _Bytes&) except +
    size_t _write_line "detector::write_line"(_Utf8, size_t, size_t, _Utf8, _Bytes&) except +


cdef _Utf8 _utf8(bytes characters):
    return _Utf8(<const char*>characters, <size_t>len(characters))


cdef str _decoded(_Utf8 characters):
    return PyUnicode_DecodeUTF8(characters.at, <Py_ssize_t>characters.size, NULL)


def read_json_line(bytes line not None, bytes text_name not None, bytes id_name not None):
    """The text and the id of a line of JSON Lines, and from which byte to which one the text is, with its quotes.

    The names are in UTF-8; dots in them lead into objects. The text may be null, and is None then. The id is None where
    it is neither a string nor a whole number. Returns None for a line that is not plain: see json_lines.hpp.
    """
    cdef _JsonRecord record
    cdef _Bytes scratch
    if not _read_record(_utf8(line), _utf8(text_name), _utf8(id_name), record, scratch):
        return None
    try:
        text = None if record.is_null else _decoded(record.text)
        known = _decoded(record.id) if record.id.at else None
    except UnicodeDecodeError:
        return None
    return text, known, record.start, record.stop


cdef bytes _encoded(str text):
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, which Python writes as an escape
        return None


def write_json_line(bytes line not None, size_t start, size_t stop, str text not None):
    """A line with another text in place of the string from the byte ``start`` to ``stop``, as it was read.

    Returns None where the text has half of a surrogate pair. Raises `ValueError` for bytes that the line does not have.
    """
    cdef _Bytes out
    cdef bytes encoded = _encoded(text)
    if not start <= stop <= <size_t>len(line):
        raise ValueError(f"bytes {start} to {stop} of a line of {len(line)}")
    if encoded is None:
        return None
    size = _write_line(_utf8(line), start, stop, _utf8(encoded), out)
    return out.at[:size]


def write_json_string(str text not None, bint ascii, bint slashes, bint capitals):
    """A text as a JSON string; None where it has half of a surrogate pair.

    With ``ascii``, all other characters are escaped; with ``slashes``, those, too; ``capitals`` are the digits of
    escapes.
    """
    cdef _Bytes out
    cdef bytes encoded = _encoded(text)
    if encoded is None:
        return None
    size = _write_string(_utf8(encoded), _JsonSpelling(ascii, slashes, capitals), out)
    return _decoded(_Utf8(out.at, size))
