// Writes strings and lines of JSON Lines.

#include <cstdlib>
#include <new>

#include "json_blocks.hpp"
#include "json_lines.hpp"

namespace detector {

using namespace json;

namespace {

// The character at `at`, in valid UTF-8. Moves `at` behind it.
int next_character(const char*& at) {
    const int lead = uint8_t(*at++);
    if (lead < 0x80) return lead;
    const int more = 1 + (lead >= 0xE0) + (lead >= 0xF0);
    int code = lead & (0x3F >> more);
    for (int place = 0; place < more; place++) code = code << 6 | (*at++ & 0x3F);
    return code;
}

// Whether hexadecimal digits, of which there are four, have capitals, and no small letters.
bool has_capitals(const char* at) {
    bool capitals = false, small = false;
    for (int place = 0; place < 4; place++) {
        capitals |= between(at[place], 'A', 'F');
        small |= between(at[place], 'a', 'f');
    }
    return capitals && !small;
}

JsonSpelling spelling_of(const char* at, const char* end) {
    JsonSpelling spelling;
    spelling.ascii = find(at, end, [](Block block) { return block.not_ascii(); }) == end;
    while ((at = find(at, end, [](Block block) { return block.equal('\\'); })) < end) {
        while (*at == '\\') {
            const char letter = *++at;
            spelling.slashes |= letter == '/';
            if (letter != 'u' || hex_value(at + 1) < 0) continue;
            spelling.capitals |= has_capitals(at + 1);
            at += 5;
        }
    }
    return spelling;
}

char* put_hex(int code, bool capitals, char* out) {
    const char* const digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    *out++ = '\\';
    *out++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) *out++ = digits[code >> shift & 15];
    return out;
}

// Write a character as an escape of at most 12 bytes; returns where it ends.
char* put_escape(int code, bool capitals, char* out) {
    static constexpr char NAMED[] = "\n\"\\/\b\f\r\t", LETTERS[] = "n\"\\/bfrt";
    for (int place = 0; code < 0x7F && NAMED[place]; place++) {
        if (code == NAMED[place]) {
            *out++ = '\\';
            *out++ = LETTERS[place];
            return out;
        }
    }
    if (code < 0x10000) return put_hex(code, capitals, out);
    out = put_hex(0xD800 + ((code - 0x10000) >> 10), capitals, out);
    return put_hex(0xDC00 + (code & 0x3FF), capitals, out);
}

// Write a text as a string to `out`, behind the first `size` bytes; returns the new size.
size_t put_string(Utf8 text, JsonSpelling spelling, Bytes& out, size_t size) {
    const char *at = text.at, *const end = text.at + text.size;
    const auto next = [&] {  // where there is room for the rest as it is, an escape, and a quote and a block behind it
        out.reserve(size + size_t(end - at) + 12 + 1 + Block::SIZE);
        return out.at + size;
    };
    const auto escaped = [spelling](Block block) {
        Marks marks = special(block);
        if (spelling.slashes) marks = marks | block.equal('/');
        if (spelling.ascii) marks = marks | block.not_ascii() | block.equal('\x7f');
        return marks;
    };
    *next() = '"';
    size++;
    while (at < end) {
        char* place = next();
        copy(at, end, place, escaped);
        size = size_t(place - out.at);
        if (at == end) break;
        do {
            size = size_t(put_escape(next_character(at), spelling.capitals, next()) - out.at);
        } while (spelling.ascii && at < end && uint8_t(*at) >= 0x80);
    }
    *next() = '"';
    return size + 1;
}

}  // namespace

Bytes::~Bytes() { std::free(at); }

void Bytes::reserve(size_t size) {
    if (size <= room) return;
    size += size / 2;
    void* const larger = std::realloc(at, size);
    if (!larger) throw std::bad_alloc();
    at = static_cast<char*>(larger);
    room = size;
}

size_t write_string(Utf8 text, JsonSpelling spelling, Bytes& out) { return put_string(text, spelling, out, 0); }

size_t write_line(Utf8 line, size_t start, size_t stop, Utf8 text, Bytes& out) {
    const size_t rest = line.size - stop;
    out.reserve(line.size + 64);
    std::memcpy(out.at, line.at, start);
    const size_t size = put_string(text, spelling_of(line.at, line.at + line.size), out, start);
    out.reserve(size + rest);
    std::memcpy(out.at + size, line.at + stop, rest);
    return size + rest;
}

}  // namespace detector
