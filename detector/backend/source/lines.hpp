// The classes of all bytes, and the lines that are not blank: `detector.text.characters.classify` and
// `detector.text.paragraphs.split_lines`.

#pragma once

#include "vectors.hpp"

namespace detector::DETECTOR_LEVEL {

DETECTOR_INLINE uint64_t eight_bytes(const uint8_t* at) {
    uint64_t bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

// Class and lower case of the character beyond ASCII at a byte; returns its length in bytes.
inline int classify_character(const uint8_t* raw, const CharacterTables& tables, uint8_t* classes, uint8_t* folded) {
    const int32_t lead = raw[0];
    int32_t code;
    int length;
    if (lead >= 0xF0) {
        code = (lead & 0x07) << 18 | (raw[1] & 0x3F) << 12 | (raw[2] & 0x3F) << 6 | (raw[3] & 0x3F);
        length = 4;
    } else if (lead >= 0xE0) {
        code = (lead & 0x0F) << 12 | (raw[1] & 0x3F) << 6 | (raw[2] & 0x3F);
        length = 3;
    } else {
        code = (lead & 0x1F) << 6 | (raw[1] & 0x3F);
        length = 2;
    }
    uint8_t kind = tables.classes[smaller(code, 0x10000)];
    if (length == 4 && code >= ASTRAL_FIRST && code <= ASTRAL_LAST) kind = UNSPACED;
    const uint8_t rest = tables.rest[kind];
    for (int step = 0; step < length; step++) {
        classes[step] = rest;
        folded[step] = raw[step];
    }
    classes[0] = kind;
    int32_t lower = length == 4 ? code : tables.lower[code];
    if (lower != code) {
        for (int step = length - 1; step > 0; step--) {
            folded[step] = uint8_t(0x80 | (lower & 0x3F));
            lower >>= 6;
        }
        folded[0] = uint8_t((length == 2 ? 0xC0 : 0xE0) | lower);
    }
    return length;
}

// Classes and lower case of 64 bytes, as far as they are ASCII. Returns which are not.
DETECTOR_INLINE uint64_t classify_ascii(const uint8_t* raw, const CharacterTables& tables, uint8_t* classes,
                                        uint8_t* folded) {
    const uint64_t beyond = bytes_between(raw, 0x80, 0xFF);
#if defined(__AVX512VBMI__)
    const auto look_up = [bytes = _mm512_loadu_si512(raw)](const uint8_t* table) {
        return _mm512_permutex2var_epi8(_mm512_loadu_si512(table), bytes, _mm512_loadu_si512(table + 64));
    };
    _mm512_storeu_si512(classes, look_up(tables.ascii_classes));
    _mm512_storeu_si512(folded, look_up(tables.ascii_folded));
#elif defined(__AVX2__)
    const auto look_up = [](__m256i bytes, const uint8_t* table) {
        __m256i found = _mm256_setzero_si256();
        for (int part = 0; part < 8; part++) {  // 16 entries at a time; others are shifted out of the range
            const __m256i own = _mm256_broadcastsi128_si256(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(table + 16 * part)));
            const __m256i at = _mm256_xor_si256(bytes, _mm256_set1_epi8(char(16 * part)));
            const __m256i index = _mm256_adds_epu8(at, _mm256_set1_epi8(0x70));
            found = _mm256_or_si256(found, _mm256_shuffle_epi8(own, index));
        }
        return found;
    };
    for (int half = 0; half < 64; half += 32) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(raw + half));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(classes + half), look_up(bytes, tables.ascii_classes));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(folded + half), look_up(bytes, tables.ascii_folded));
    }
#else
    for (int byte = 0; byte < 64; byte++) classes[byte] = tables.ascii_classes[raw[byte]];
    for (int byte = 0; byte < 64; byte++) folded[byte] = tables.ascii_folded[raw[byte]];
#endif
    return beyond;
}

// Returns whether all bytes are ASCII. The last 64 bytes are.
inline bool classify(const uint8_t* raw, int64_t size, const CharacterTables& tables, uint8_t* classes, uint8_t* folded) {
    const int64_t whole = size / 64 * 64;
    uint64_t beyond = 0;
    for (int64_t at = 0; at < whole; at += 64) beyond |= classify_ascii(raw + at, tables, classes + at, folded + at);
    for (int64_t at = whole; at < size; at++) {
        classes[at] = tables.ascii_classes[raw[at]];
        folded[at] = tables.ascii_folded[raw[at]];
    }
    if (!beyond) return true;
    for (int64_t at = 0; at < whole; at += 64) {
        uint64_t first = bytes_between(raw + at, 0xC0, 0xFF);
        for (; first; first &= first - 1) {
            const int64_t byte = at + first_bit(first);
            classify_character(raw + byte, tables, classes + byte, folded + byte);
        }
    }
    return false;
}

// The number of bytes that begin no character.
DETECTOR_INLINE int64_t continuations(const uint8_t* begin, const uint8_t* end) {
    int64_t number = 0;
    for (; begin < end; begin++) number += (*begin & 0xC0) == 0x80;
    return number;
}

DETECTOR_INLINE bool is_filled(const uint8_t* classes, int64_t size) {
    int64_t at = 0;
    while (at < size && classes[at] == SPACE) at++;
    return at < size;
}

// Takes the lines one after the other, and keeps those that are not blank.
class LineCollector {
  public:
    LineCollector(const uint8_t* raw, bool ascii, const int64_t* origin, int64_t origins, Lines& out)
        : raw_(raw), ascii_(ascii), origin_(origin), origins_(origins), out_(out) {}

    // Add the line that ends at a line end.
    DETECTOR_INLINE void add(int64_t end) {
        const int64_t start = start_;
        start_ = end + 1;
        if (document_ + 1 < origins_ && origin_[document_ + 1] == start) {
            document_++;
            at_origin_ = start - continued_;
        }
        const int64_t inside = ascii_ ? 0 : continuations(raw_ + start, raw_ + end);
        if (is_filled(out_.classes + start, end - start)) {
            out_.document[number_] = document_;
            out_.start[number_] = start;
            out_.end[number_] = end;
            out_.char_start[number_] = start - continued_ - at_origin_;
            out_.char_end[number_] = end - continued_ - inside - at_origin_;
            out_.after_blank[number_] = blank_;
            number_++;
            blank_ = false;
        } else if (!(start == end && raw_[end] == '\n' && start > 0 && raw_[start - 1] == '\r')) {
            blank_ = true;
        }
        continued_ += inside;
    }

    int64_t number() const { return number_; }

  private:
    const uint8_t* raw_;
    bool ascii_;
    const int64_t* origin_;
    int64_t origins_;
    Lines& out_;
    int64_t start_ = 0, number_ = 0, document_ = -1;
    int64_t continued_ = 0, at_origin_ = 0;  // bytes so far that begin no character; characters before the document
    bool blank_ = true;
};

// Returns the number of lines. The last 64 bytes of the buffer are line ends.
inline int64_t split_lines(const uint8_t* raw, int64_t size, const int64_t* origin, int64_t origins,
                           const CharacterTables& tables, Lines& out) {
    const bool ascii = classify(raw, size, tables, out.classes, out.folded);
    LineCollector lines(raw, ascii, origin, origins, out);
    for (int64_t at = 0; at + 64 <= size; at += 64) {
        uint64_t ends = bytes_between(raw + at, '\n', '\n') | bytes_between(raw + at, '\r', '\r');
        for (; ends; ends &= ends - 1) lines.add(at + first_bit(ends));
    }
    for (int64_t at = size / 64 * 64; at < size; at++) {
        if (raw[at] == '\n' || raw[at] == '\r') lines.add(at);
    }
    return lines.number();
}

}  // namespace detector::DETECTOR_LEVEL
