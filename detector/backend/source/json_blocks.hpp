// What reading and writing JSON share: blocks of bytes that are compared at once, and digits.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define DETECTOR_SSE2 1
#endif
#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace detector::json {

// `Block` is some bytes that are read, compared and written at once, and `Marks` are what comparing them finds.
#if defined(DETECTOR_SSE2)
struct Marks {
    __m128i bytes;

    Marks operator|(Marks other) const { return {_mm_or_si128(bytes, other.bytes)}; }

    // The index of the first marked byte; the size of a block if none is marked.
    int first() const {
        const unsigned bits = unsigned(_mm_movemask_epi8(bytes)) | 1u << 16;
#if defined(_MSC_VER)
        unsigned long at;
        _BitScanForward(&at, bits);
        return int(at);
#else
        return __builtin_ctz(bits);
#endif
    }
};

struct Block {
    static constexpr int SIZE = 16;
    __m128i bytes;

    static Block load(const char* at) { return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))}; }
    void store(char* at) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes); }
    Marks equal(char byte) const { return {_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte))}; }
    Marks control() const { return {_mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes)}; }
    Marks not_ascii() const { return {bytes}; }
};
#else
// Only the first mark is right: see Sean Eron Anderson's "Bit Twiddling Hacks", "Determine if a word has a zero byte".
constexpr uint64_t EACH = 0x0101010101010101u;

struct Marks {
    uint64_t highest;  // bits of the bytes

    Marks operator|(Marks other) const { return {highest | other.highest}; }

    int first() const {
        const uint64_t lowest = highest >> 7 & EACH;
        return lowest ? int((((lowest - 1) & ~lowest & EACH) * EACH) >> 56) : 8;
    }
};

struct Block {
    static constexpr int SIZE = 8;
    uint64_t bytes;  // the first one is the lowest

    static uint64_t in_order(uint64_t bytes) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        return __builtin_bswap64(bytes);
#else
        return bytes;
#endif
    }
    static Block load(const char* at) {
        uint64_t bytes;
        std::memcpy(&bytes, at, sizeof bytes);
        return {in_order(bytes)};
    }
    void store(char* at) const {
        const uint64_t ordered = in_order(bytes);
        std::memcpy(at, &ordered, sizeof ordered);
    }
    Marks equal(char byte) const {
        const uint64_t difference = bytes ^ (EACH * uint8_t(byte));
        return {(difference - EACH) & ~difference};
    }
    Marks control() const { return {(bytes - EACH * 0x20) & ~bytes}; }
    Marks not_ascii() const { return {bytes}; }
};
#endif

inline Block load_rest(const char* at, const char* end) {
    char rest[Block::SIZE];
    std::memset(rest, ' ', sizeof rest);
    std::memcpy(rest, at, size_t(end - at));
    return Block::load(rest);
}

// Copy bytes to `out` up to the first one that is marked, or to the end. Moves both pointers. As many bytes as a block
// has can be written behind what is copied.
template <class Marked>
void copy(const char*& at, const char* end, char*& out, Marked marked) {
    const char* from = at;
    char* to = out;
    int copied = Block::SIZE;
    for (; end - from >= Block::SIZE; from += Block::SIZE, to += Block::SIZE) {
        const Block block = Block::load(from);
        block.store(to);
        copied = marked(block).first();
        if (copied < Block::SIZE) break;  // so that the processor need not know where the next block begins
    }
    if (end - from < Block::SIZE) {
        const Block block = load_rest(from, end);
        block.store(to);
        copied = marked(block).first();
        if (copied > end - from) copied = int(end - from);
    }
    at = from + copied;
    out = to + copied;
}

// The first byte from `at` on that is marked; `end` if there is none.
template <class Marked>
inline const char* find(const char* at, const char* end, Marked marked) {
    for (; end - at >= Block::SIZE; at += Block::SIZE) {
        const int marked_at = marked(Block::load(at)).first();
        if (marked_at < Block::SIZE) return at + marked_at;
    }
    const int marked_at = marked(load_rest(at, end)).first();
    return marked_at < end - at ? at + marked_at : end;
}

// What ends a run of characters of a string that stand for themselves.
inline Marks special(Block block) { return block.equal('"') | block.equal('\\') | block.control(); }

inline bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// The value of each byte as a hexadecimal digit; -1 for other bytes.
struct HexDigits {
    int8_t values[256] = {};

    constexpr HexDigits() {
        for (int byte = 0; byte < 256; byte++) {
            const int lower = byte | 0x20;
            const bool is_decimal = byte >= '0' && byte <= '9', is_letter = lower >= 'a' && lower <= 'f';
            values[byte] = int8_t(is_decimal ? byte - '0' : is_letter ? lower - 'a' + 10 : -1);
        }
    }
};

inline constexpr HexDigits HEX_DIGITS;

// The value of four hexadecimal digits; negative if there are not four.
inline int hex_value(const char* at) {
    int value = 0;
    for (int place = 0; place < 4; place++) {
        const int digit = HEX_DIGITS.values[uint8_t(at[place])];
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

inline bool between(char byte, int low, int high) { return uint8_t(byte) >= low && uint8_t(byte) <= high; }

}  // namespace detector::json
