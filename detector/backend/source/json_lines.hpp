// JSON Lines: the text and the id of a line, and the line with another text.
//
// This reads plain lines, as `read_record` says. `detector.formats.jsonl` reads all others in Python. Where this was
// not built, it reads and writes the same in Python.

#pragma once

#include <cstddef>

namespace detector {

// Characters in UTF-8. A NUL follows a line, as it does a Python object of bytes.
struct Utf8 {
    const char* at = nullptr;
    size_t size = 0;
};

// Bytes that were allocated. `at` is the first one.
class Bytes {
  public:
    Bytes() = default;
    Bytes(const Bytes&) = delete;
    Bytes& operator=(const Bytes&) = delete;
    ~Bytes();

    // Keep the bytes, and have room for `size` in all. Throws `std::bad_alloc`.
    void reserve(size_t size);

    char* at = nullptr;
    size_t room = 0;
};

// What a line holds. Without an id that is a string or a whole number, `id.at` is null.
struct JsonRecord {
    Utf8 text, id;               // not yet checked to be UTF-8
    size_t start = 0, stop = 0;  // of the text in the line, with its quotes
    bool is_null = false;        // the text
};

// How strings are written.
struct JsonSpelling {
    bool ascii = true;      // all other characters are escaped
    bool slashes = false;   // slashes are escaped
    bool capitals = false;  // in the hexadecimal digits of escapes
};

// Whether a line is a JSON object with a text: JSON of RFC 8259, without a byte order mark. The text is a string in the
// field `text_name`, in nested objects if the name has dots; or it is null, and not nested. Of repeated names, the last
// one counts. False as well for what Python has to look at: half of a surrogate pair, a long whole number as the id,
// deep nesting. `record` points into the line and into `scratch`. Throws `std::bad_alloc`.
bool read_record(Utf8 line, Utf8 text_name, Utf8 id_name, JsonRecord& record, Bytes& scratch);

// Write a text to `out` as a string with its quotes; returns the size. Throws `std::bad_alloc`.
size_t write_string(Utf8 text, JsonSpelling spelling, Bytes& out);

// Write to `out` a line with another text in place of the string from `start` to `stop`; returns the size. Characters
// are escaped as they are in the line: see `detector.formats.json_strings`. Throws `std::bad_alloc`.
size_t write_line(Utf8 line, size_t start, size_t stop, Utf8 text, Bytes& out);

}  // namespace detector
