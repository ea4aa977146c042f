// The words of a paragraph, and what they are hashed into: `detector.features.tokens` and `detector.features.ngrams`.

#pragma once

#include "lines.hpp"

namespace detector::DETECTOR_LEVEL {

constexpr int MOST_WORDS = READ_BYTES;               // of a paragraph, whatever the classes of its bytes are
constexpr int MOST_ROWS = 4 * MOST_WORDS + ANCHORS;  // n-grams of a paragraph

// The words of a paragraph and its counts of characters. Positions are those in the paragraph.
struct Words {
    uint32_t begin[MOST_WORDS + 64], end[MOST_WORDS + 64];
    uint64_t hashes[MOST_WORDS + 4];  // three zeros before, one after
    uint64_t products[MOST_WORDS];    // whose first bits are the buckets of the words
    int number;
    int64_t counts[CLASSES];  // of the classes from UPPER on that are no part of a character
    int64_t letters, capitalised, capitals, numbers;
    uint64_t line_hash;
};

// The rows that a paragraph takes of the tables.
struct Rows {
    uint32_t ngrams[MOST_ROWS + 8], vectors[MOST_WORDS + 8], fingerprints[MOST_WORDS + 8];
    int ngrams_number, vectors_number;
};

// The rarer words of a document, as `detector.features.context.Vocabulary` holds them.
struct RareWords {
    Buffer<uint64_t> hashes;
    Buffer<uint8_t> weight, capital;
    int64_t number = 0;
};

// Write the positions of the bits that are set, beginning at `base`. There is room for 64 more than are written.
DETECTOR_INLINE void write_positions(uint64_t bits, uint32_t base, uint32_t*& out) {
#if defined(__AVX512VBMI2__)
    alignas(64) static constexpr uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
        28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55,
        56, 57, 58, 59, 60, 61, 62, 63,
    };
    const __m512i found = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(numbers)), from = _mm512_set1_epi32(int(base));
    const int number = count_bits(bits);
    _mm512_storeu_si512(out, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(found))));
    if (number > 16) {
        _mm512_storeu_si512(out + 16, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 1))));
        _mm512_storeu_si512(out + 32, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 2))));
        _mm512_storeu_si512(out + 48, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 3))));
    }
    out += number;
#else
    for (; bits; bits &= bits - 1) *out++ = base + uint32_t(first_bit(bits));
#endif
}

// Find the words that begin in the first `READ_BYTES` bytes, and count the characters of all classes.
//
// `classes` are those of the paragraph; 64 bytes can be read at each of its bytes.
inline void find_words(const uint8_t* classes, int64_t size, Words& words) {
    std::memset(words.counts, 0, sizeof words.counts);
    uint32_t *begin = words.begin, *end = words.end;
    uint64_t in_word = 0, in_unspaced = 0;  // whether the byte before the block is
    for (int64_t at = 0; at < size; at += 64) {
        const uint64_t valid = size - at < 64 ? (uint64_t(1) << (size - at)) - 1 : ~uint64_t(0);
        const uint64_t word = bytes_between(classes + at, LETTER, UNSPACED_REST) & valid;
        const uint64_t unspaced = bytes_between(classes + at, UNSPACED, UNSPACED_REST) & valid;
        uint64_t other = bytes_between(classes + at, FIRST_COUNTED, LAST_COUNTED) & valid;
        words.counts[UPPER] += count_bits(bytes_between(classes + at, UPPER, UPPER) & valid);
        words.counts[DIGIT] += count_bits(bytes_between(classes + at, DIGIT, DIGIT) & valid);
        for (; other; other &= other - 1) words.counts[classes[at + first_bit(other)]]++;
        const uint64_t before = word << 1 | in_word;
        uint64_t opens = word & ~before;
        if (unspaced | in_unspaced) {
            opens |= bytes_between(classes + at, UNSPACED, UNSPACED) & valid;
            opens |= word & ~unspaced & (unspaced << 1 | in_unspaced);
        }
        if (at < READ_BYTES) write_positions(opens, uint32_t(at), begin);
        if (end - words.end < begin - words.begin || at < READ_BYTES) {
            write_positions(before & (~word | opens), uint32_t(at), end);
        }
        in_word = word >> 63;
        in_unspaced = unspaced >> 63;
    }
    words.number = int(begin - words.begin);
    if (end - words.end < words.number) *end = uint32_t(size);
}

DETECTOR_INLINE uint64_t first_bytes(uint64_t eight, uint32_t number) { return eight & ~uint64_t(0) >> (64 - 8 * number); }

// The hash of a word, `detector.features.tokens._hashes`.
DETECTOR_INLINE uint64_t word_hash(const uint8_t* begin, uint32_t length) {
    uint64_t mixed = first_bytes(eight_bytes(begin), smaller(length, uint32_t(WORD_BYTES))) * HEAD + length * LENGTH;
    mixed += (length > WORD_BYTES ? eight_bytes(begin + length - WORD_BYTES) : 0) * TAIL;
    if (length > MIDDLE_BYTES) mixed += eight_bytes(begin + WORD_BYTES) * MIDDLE;
    return mixed ^ mixed >> WORD_MIX;
}

// The product whose first bits are a bucket: `detector.features.hashing.bucket`.
DETECTOR_INLINE uint64_t spread(uint64_t mixed, uint64_t multiplier) { return (mixed ^ mixed >> BUCKET_MIX) * multiplier; }

DETECTOR_INLINE uint32_t bucket(uint64_t mixed, uint64_t multiplier) {
    return uint32_t(spread(mixed, multiplier) >> (64 - BUCKET_BITS));
}

// Fill in the hashes of the words, and what the shape of the paragraph counts of them.
inline void hash_words(const uint8_t* classes, const uint8_t* folded, Words& words) {
    uint64_t* const hashes = words.hashes + 3;
    const int number = words.number;
    int64_t letters = 0, capitalised = 0, capitals = 0, numbers = 0;
    for (int word = 0; word < number; word++) {
        const uint32_t begin = words.begin[word], end = words.end[word], length = end - begin;
        hashes[word] = word_hash(folded + begin, length);
        const uint8_t kind = classes[begin];
        letters += length;
        capitalised += kind == UPPER;
        capitals += (kind == UPPER) & (length > 1) & (classes[end - 1] == UPPER);
        numbers += kind == DIGIT;
    }
    hashes[-3] = hashes[-2] = hashes[-1] = hashes[number] = 0;  // words that are missing
    uint64_t whole = 0;
    for (int word = 0; word < number; word++) {
        const uint64_t mixed = hashes[word] * MIDDLE;
        whole += mixed ^ mixed >> LINE_MIX;
        words.products[word] = spread(hashes[word], WORD);
    }
    words.letters = letters;
    words.capitalised = capitalised;
    words.capitals = capitals;
    words.numbers = numbers;
    words.line_hash = whole + uint64_t(number) * LENGTH;
}

// Prefixes and suffixes of the long words, `detector.features.ngrams._affixes`; returns the end of the rows.
DETECTOR_INLINE uint32_t* add_affixes(const uint8_t* folded, const Words& words, uint32_t* out) {
    for (int word = 0; word < words.number; word++) {
        const uint8_t* const begin = folded + words.begin[word];
        const uint32_t length = words.end[word] - words.begin[word];
        const bool wide = begin[0] >= WIDE_LEAD;
        const int dropped = 8 * (WORD_BYTES - (wide ? WIDE_SUFFIX_BYTES : SUFFIX_BYTES));
        const uint64_t head = first_bytes(eight_bytes(begin), wide ? WIDE_PREFIX_BYTES : PREFIX_BYTES);
        const uint64_t tail = eight_bytes(begin + length - WORD_BYTES) >> dropped << dropped;
        out[0] = bucket(head * HEAD, PREFIX);
        out[1] = bucket(tail * TAIL, SUFFIX);
        out += length >= uint32_t(wide ? 2 * LONG_WORD : LONG_WORD) ? 2 : 0;
    }
    return out;
}

// The rows of all n-grams: words first, then pairs, affixes and anchors. Fetches them from memory.
inline void add_ngrams(const uint8_t* folded, const Table& table, const Words& words, Rows& rows) {
    const uint64_t* const hashes = words.hashes + 3;
    const int number = words.number;
    uint32_t *const unigrams = rows.ngrams, *const pairs = unigrams + number;
    for (int word = 0; word < number; word++) unigrams[word] = uint32_t(words.products[word] >> (64 - BUCKET_BITS));
    for (int word = 0; word < number; word++) {
        pairs[word] = bucket(hashes[word] * PAIR_LEFT + hashes[word + 1], PAIR);
    }
    uint32_t* out = add_affixes(folded, words, pairs + number);
    const uint64_t first = hashes[0], second = number > 1 ? hashes[1] : 0, third = number > 2 ? hashes[2] : 0;
    const uint64_t* const last = hashes + number - 1;
    const uint64_t two = first * PAIR_LEFT + second, back = last[-1] * PAIR_LEFT + last[0];
    *out++ = bucket(first, OPENING);
    *out++ = bucket(two, OPENING);
    *out++ = bucket(two * PAIR_LEFT + third, OPENING);
    *out++ = bucket(back, CLOSING);
    *out++ = bucket(last[-2] * HEAD + back, CLOSING);
    *out++ = bucket(words.line_hash, WHOLE);
    rows.ngrams_number = int(out - rows.ngrams);
    for (int at = 0; at < rows.ngrams_number; at++) prefetch(table.values + rows.ngrams[at] * table.stride);
}

DETECTOR_INLINE const Rank* rank_of(const Vectors& vectors, uint64_t product) {
    return vectors.ranks + (product >> (64 - VECTOR_BITS)) / 64;
}

inline void fetch_ranks(const Vectors& vectors, const Words& words) {
    for (int word = 0; word < words.number; word++) prefetch(rank_of(vectors, words.products[word]));
}

// The rows and fingerprints of the words whose buckets have a vector. Fetches the fingerprints of the rows from memory.
inline void add_candidates(const Vectors& vectors, const Words& words, Rows& rows) {
    int number = 0;
    for (int word = 0; word < words.number; word++) {
        const Rank rank = *rank_of(vectors, words.products[word]);
        const uint64_t bit = uint64_t(1) << (words.products[word] >> (64 - VECTOR_BITS)) % 64;
        const uint32_t row = uint32_t(rank.before + count_bits(rank.bits & (bit - 1)));
        prefetch(vectors.fingerprints + row);
        rows.vectors[number] = row;
        rows.fingerprints[number] = uint32_t((words.hashes + 3)[word] * FINGERPRINT >> FINGERPRINT_SHIFT);
        number += (rank.bits & bit) != 0;
    }
    rows.vectors_number = number;
}

// The rows of the words that have a vector, `detector.features.word_vectors.WordVectors.rows`: the candidates that have
// the fingerprints of their rows. Fetches the vectors from memory.
inline void choose_vectors(const Vectors& vectors, Rows& rows) {
    int known = 0;
    for (int at = 0; at < rows.vectors_number; at++) {
        const uint32_t row = rows.vectors[at];
        prefetch(vectors.table.values + row * vectors.table.stride);
        rows.vectors[known] = row;
        known += vectors.fingerprints[row] == rows.fingerprints[at];
    }
    rows.vectors_number = known;
}

// Add the rarer words to those of the document.
inline void add_rare(const uint8_t* classes, const uint8_t* idf, const Words& words, const Rows& rows, RareWords& rare) {
    uint64_t* const hashes = rare.hashes.data();
    uint8_t *const weights = rare.weight.data(), *const capital = rare.capital.data();
    int64_t number = rare.number;
    for (int word = 0; word < words.number; word++) {
        const uint8_t weight = idf[rows.ngrams[word]];
        hashes[number] = (words.hashes + 3)[word];
        weights[number] = weight;
        capital[number] = classes[words.begin[word]] == UPPER;
        number += weight > 0;
    }
    rare.number = number;
}

// The sums of some rows of a table. `totals` has room for `padded_width`; columns beyond the width are not defined.
inline void sum_rows(const Table& table, const uint32_t* rows, int number, int32_t* totals) {
    constexpr int CHUNK = 256;  // rows of at most 127 on either side of zero whose sum fits int16
    for (int column = 0; column < padded_width(table.width); column += 32) {
        int32_t* const out = totals + column;
        std::memset(out, 0, 32 * sizeof *out);
        for (int first = 0; first < number; first += CHUNK) {
            ShortSums low, high;
            for (int at = first; at < smaller(first + CHUNK, number); at++) {
                const int8_t* const row = table.values + rows[at] * table.stride + column;
                low.add(row);
                high.add(row + 16);
            }
            int16_t sums[32];
            low.store(sums);
            high.store(sums + 16);
            for (int at = 0; at < 32; at++) out[at] += sums[at];
        }
    }
}

}  // namespace detector::DETECTOR_LEVEL
