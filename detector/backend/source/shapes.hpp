// The shape of a paragraph: `detector.features.shapes`.

#pragma once

#include "arithmetic.hpp"
#include "words.hpp"

namespace detector::DETECTOR_LEVEL {

// The columns of the classes of the first and of the last character; -1 for a class without one.
constexpr int8_t FIRST_COLUMN[CLASSES] = {
    -1, 1, 0, 2, 6, -1, -1, -1, -1, -1, -1, 3, 3, 4, 5, -1, 4, -1, -1, -1, -1, -1, -1, -1,
};
constexpr int8_t LAST_COLUMN[CLASSES] = {
    -1, 7, 7, 8, 9, -1, 0, 6, 1, 2, 3, 4, -1, -1, -1, 5, 10, -1, -1, -1, -1, -1, -1, -1,
};

// The class of the first character that is not blank.
DETECTOR_INLINE uint8_t first_class(const uint8_t* classes) {
    for (int step = 0; step < TRIM && *classes == SPACE; step++) classes++;
    return *classes;
}

// The class of the last character that is not blank; `classes` ends at `end`.
DETECTOR_INLINE uint8_t last_class(const uint8_t* end) {
    constexpr uint32_t blank_or_rest = 1u << SPACE | 1u << CONTINUATION | 1u << UNSPACED_REST;
    const uint8_t* at = end - 1;
    for (int step = 0; step < TRIM && blank_or_rest >> *at & 1; step++) at--;
    return *at;
}

inline void write_shape(const Words& words, const uint8_t* classes, int64_t size, int64_t characters, float* out) {
    int64_t punctuation = 0;
    for (int kind = FIRST_COUNTED; kind <= LAST_COUNTED; kind++) punctuation += words.counts[kind];
    out[0] = log2_of(characters);
    out[1] = log2_of(words.number);
    out[2] = ratio(words.letters, int64_t(WORD_LENGTH_UNIT) * words.number);
    out[3] = ratio(size - characters, characters);
    out[4] = ratio(words.counts[UPPER], characters);
    out[5] = ratio(words.counts[DIGIT], characters);
    out[6] = ratio(punctuation, characters);
    out[7] = ratio(words.capitalised, words.number);
    out[8] = ratio(words.capitals, words.number);
    out[9] = ratio(words.numbers, words.number);
    float* const counts = out + 10;
    for (int kind = 0; kind < COUNTED; kind++) {
        counts[kind] = words.counts[FIRST_COUNTED + kind] ? log2_of(words.counts[FIRST_COUNTED + kind]) : 0.0f;
    }
    float *const first = counts + COUNTED, *const last = first + FIRST_CLASSES;
    std::memset(first, 0, (FIRST_CLASSES + LAST_CLASSES) * sizeof *first);
    const int first_column = FIRST_COLUMN[first_class(classes)], last_column = LAST_COLUMN[last_class(classes + size)];
    if (first_column >= 0) first[first_column] = 1;
    if (last_column >= 0) last[last_column] = 1;
}

}  // namespace detector::DETECTOR_LEVEL
