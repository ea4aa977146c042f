// Reads lines of JSON Lines.

#include "json_blocks.hpp"
#include "json_lines.hpp"

namespace detector {

using namespace json;

namespace {

constexpr int MAX_DEPTH = 64;   // Python reads what is nested more deeply
constexpr size_t MAX_ID = 100;  // digits of a whole number as an id; Python knows how many are too many

bool is_high(int code) { return code >> 10 == 0xD800 >> 10; }

bool is_low(int code) { return code >> 10 == 0xDC00 >> 10; }

// Write a character in UTF-8; returns where it ends.
char* put_character(int code, char* out) {
    if (code < 0x80) {
        *out++ = char(code);
        return out;
    }
    const int more = 1 + (code >= 0x800) + (code >= 0x10000);
    *out++ = char((0xFF00 >> (more + 1) & 0xFF) | code >> 6 * more);
    for (int place = more - 1; place >= 0; place--) *out++ = char(0x80 | (code >> 6 * place & 0x3F));
    return out;
}

bool follows(char byte) { return between(byte, 0x80, 0xBF); }

// The number of bytes of the character at `at`, which is not ASCII; 0 if it is not UTF-8. See table 3-7 of the Unicode
// Standard.
int character_size(const char* at) {
    const uint8_t lead = uint8_t(*at);
    if (lead < 0xC2 || lead > 0xF4) return 0;
    if (lead < 0xE0) return follows(at[1]) ? 2 : 0;
    if (lead < 0xF0) {
        return between(at[1], lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && follows(at[2]) ? 3 : 0;
    }
    const bool second = between(at[1], lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return second && follows(at[2]) && follows(at[3]) ? 4 : 0;
}

// An ASCII byte must follow the end.
bool is_utf8(const char* at, const char* end) {
    for (;;) {
        at = find(at, end, [](Block block) { return block.not_ascii(); });
        if (at == end) return true;
        while (uint8_t(*at) >= 0x80) {
            const int size = character_size(at);
            if (size == 0) return false;
            at += size;
        }
    }
}

bool operator==(Utf8 one, Utf8 other) {
    return one.size == other.size && std::memcmp(one.at, other.at, one.size) == 0;
}

// A value in the line. `kind` is its first byte; '0' for whole numbers, '-' for others; a NUL where there is no value.
struct Value {
    char kind = 0;
    Utf8 content;  // of strings and whole numbers
    size_t start = 0, stop = 0;
};

// The values of a field: by its name in the line's object, and by its names between the dots in nested objects.
struct Field {
    Utf8 name;
    Value whole, nested;

    const Value& value() const { return whole.kind ? whole : nested; }
};

// Where a name in an object leads for a field: to its value, or, where `rest` are further names, towards it.
struct Step {
    Value* value = nullptr;
    Utf8 rest;
};

// Reads a line from its beginning to its end, by recursive descent. Each function moves `at_` behind what it names, and
// returns false if that is not there. Nothing but the end of the line is a NUL, so that all of them end there.
class Reader {
  public:
    Reader(Utf8 line, Utf8 text_name, Utf8 id_name, char* scratch)
        : at_(line.at), line_(line.at), end_(line.at + line.size), text_{text_name, {}, {}}, id_{id_name, {}, {}},
          kept_(scratch) {}

    bool line(JsonRecord& record) {
        space();
        if (*at_ != '{' || !object(1, path(text_.name), path(id_.name))) return false;
        space();
        const Value &text = text_.value(), &id = id_.value();
        record.is_null = text_.whole.kind == 'n';
        if (at_ != end_ || !(text.kind == '"' || record.is_null)) return false;
        record.text = text.content;
        record.start = text.start;
        record.stop = text.stop;
        if (id.kind == '"' || id.kind == '0') record.id = id.content;
        return is_utf8(line_, line_ + text.start) && is_utf8(line_ + text.stop, end_);
    }

  private:
    bool is_next(char byte) { return *at_ == byte ? at_++, true : false; }

    void space() {
        while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') at_++;
    }

    bool value(int depth) {
        switch (*at_) {
            case '"': return string();
            case '{': return depth < MAX_DEPTH && object(depth + 1, {}, {});
            case '[': return depth < MAX_DEPTH && array(depth + 1);
            case 't': return word("true");
            case 'f': return word("false");
            case 'n': return word("null");
            default: return number();
        }
    }

    bool word(const char* word) {
        while (*word) {
            if (!is_next(*word++)) return false;
        }
        return true;
    }

    bool digits() {
        const char* const start = at_;
        while (is_digit(*at_)) at_++;
        return at_ > start;
    }

    bool number() {
        is_next('-');
        if (!is_next('0') && !digits()) return false;
        const char* const whole = at_;
        if (is_next('.') && !digits()) return false;
        if (is_next('e') || is_next('E')) {
            if (!is_next('+')) is_next('-');
            if (!digits()) return false;
        }
        is_whole_ = at_ == whole;
        return true;
    }

    // The characters of the string are in `string_` until the next one is read.
    bool string() {
        char* out = kept_;
        for (at_++;;) {
            copy(at_, end_, out, special);
            if (is_next('"')) break;
            if (*at_ != '\\') return false;
            while (*at_ == '\\') {
                if (!escape(out)) return false;
            }
        }
        string_ = {kept_, size_t(out - kept_)};
        return true;
    }

    bool escape(char*& out) {
        const char letter = at_[1];
        if (letter == 'u') return escaped_character(out);
        static constexpr char LETTERS[] = "n\"\\/bfrt", MEANT[] = "\n\"\\/\b\f\r\t";
        for (int place = 0; LETTERS[place]; place++) {
            if (letter == LETTERS[place]) {
                *out++ = MEANT[place];
                at_ += 2;
                return true;
            }
        }
        return false;
    }

    bool escaped_character(char*& out) {
        int code = hex_value(at_ + 2);
        if (code < 0 || is_low(code)) return false;
        at_ += 6;
        if (is_high(code)) {
            const int low = at_[0] == '\\' && at_[1] == 'u' ? hex_value(at_ + 2) : -1;
            if (!is_low(low)) return false;
            code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF));
            at_ += 6;
        }
        out = put_character(code, out);
        return true;
    }

    bool array(int depth) {
        at_++;
        space();
        if (is_next(']')) return true;
        for (;;) {
            if (!value(depth)) return false;
            space();
            if (is_next(']')) return true;
            if (!is_next(',')) return false;
            space();
        }
    }

    // An object; the paths are the names that lead on from it to the text and the id.
    bool object(int depth, Utf8 text_path, Utf8 id_path) {
        at_++;
        space();
        if (is_next('}')) return true;
        for (;;) {
            if (*at_ != '"' || !string()) return false;
            const Step to_text = step(text_, depth, text_path), to_id = step(id_, depth, id_path);
            space();
            if (!is_next(':')) return false;
            space();
            if (!member(depth, to_text, to_id)) return false;
            space();
            if (is_next('}')) return true;
            if (!is_next(',')) return false;
            space();
        }
    }

    // The names of a field with dots, as a path; none for other fields.
    static Utf8 path(Utf8 name) { return std::memchr(name.at, '.', name.size) ? name : Utf8(); }

    // Where the name that was just read leads.
    Step step(Field& field, int depth, Utf8 path) const {
        if (depth == 1 && string_ == field.name) return {&field.whole, {}};
        if (!path.at) return {};
        const void* const dot = std::memchr(path.at, '.', path.size);
        const size_t size = dot ? size_t(static_cast<const char*>(dot) - path.at) : path.size;
        if (!(string_ == Utf8{path.at, size})) return {};
        return {&field.nested, dot ? Utf8{path.at + size + 1, path.size - size - 1} : Utf8()};
    }

    bool member(int depth, Step to_text, Step to_id) {
        const char* const start = at_;
        if (to_text.value) *to_text.value = Value();  // of a repeated name, the last one counts
        if (to_id.value) *to_id.value = Value();
        const bool leads_on = *start == '{' && (to_text.rest.at || to_id.rest.at);
        const bool is_read = leads_on ? depth < MAX_DEPTH && object(depth + 1, to_text.rest, to_id.rest) : value(depth);
        return is_read && note(start, to_text) && note(start, to_id);
    }

    // Note the value from `start` to here.
    bool note(const char* start, Step to) {
        if (!to.value || to.rest.at) return true;
        const size_t size = size_t(at_ - start);
        *to.value = {*start, {}, size_t(start - line_), size_t(at_ - line_)};
        if (*start == '"') {
            to.value->content = string_;
            kept_ += string_.at + string_.size - kept_;  // by nothing if it was noted before
        } else if ((*start == '-' || is_digit(*start)) && is_whole_) {
            if (size > MAX_ID || (start[0] == '-' && start[1] == '0')) return false;
            to.value->kind = '0';
            to.value->content = {start, size};
        } else if (is_digit(*start)) {
            to.value->kind = '-';
        }
        return true;
    }

    const char* at_;
    const char *const line_, *const end_;
    Field text_, id_;
    char* kept_;  // the end of the strings that were noted
    Utf8 string_;
    bool is_whole_ = false;  // the last number
};

}  // namespace

bool read_record(Utf8 line, Utf8 text_name, Utf8 id_name, JsonRecord& record, Bytes& scratch) {
    scratch.reserve(line.size + Block::SIZE);
    return Reader(line, text_name, id_name, scratch.at).line(record);
}

}  // namespace detector
