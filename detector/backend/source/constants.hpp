// The constants of the kernels. Tests compare them with those of the Python modules that the comments name.

#pragma once

#include <cstdint>

namespace detector {

// detector.features.version
constexpr int FEATURE_VERSION = 3;

// detector.text.characters.CharacterClass
enum CharacterClass : uint8_t {
    SPACE = 0, LETTER = 1, UPPER = 2, DIGIT = 3, UNSPACED = 4, UNSPACED_REST = 5, PERIOD = 6, COMMA = 7, QUESTION = 8,
    EXCLAMATION = 9, COLON = 10, QUOTE = 11, APOSTROPHE = 12, DASH = 13, OPEN = 14, CLOSE = 15, BULLET = 16, SLASH = 17,
    CURRENCY = 18, HANDLE = 19, COPYRIGHT = 20, SYMBOL = 21, PICTURE = 22, CONTINUATION = 23, CLASSES = 24
};
constexpr int32_t ASTRAL_FIRST = 0x20000, ASTRAL_LAST = 0x3FFFF;

// detector.features.hashing
constexpr int BUCKET_BITS = 18, VECTOR_BITS = 20;
constexpr uint64_t HEAD = 0x9E3779B97F4A7C15, TAIL = 0xD1B54A32D192ED03, MIDDLE = 0xABC98388FB8FAC03;
constexpr uint64_t LENGTH = 0x8CB92BA72F3D8DD7, WORD = 0x9FB21C651E98DF25, PAIR = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t PAIR_LEFT = 0x165667B19E3779F9, PREFIX = 0xA0761D6478BD642F, SUFFIX = 0xE7037ED1A0B428DB;
constexpr uint64_t OPENING = 0x8EBC6AF09C88C6E3, CLOSING = 0x589965CC75374CC3, WHOLE = 0x1D8E4E27C47D124F;
constexpr int WORD_MIX = 32, BUCKET_MIX = 29, LINE_MIX = 31;
constexpr int WORD_BYTES = 8, MIDDLE_BYTES = 16;

// detector.features.tokens, detector.features.ngrams
constexpr int READ_BYTES = 1 << 14;
constexpr int LONG_WORD = 6, WIDE_LEAD = 0xC0, ANCHORS = 6;
constexpr int PREFIX_BYTES = 5, SUFFIX_BYTES = 4, WIDE_PREFIX_BYTES = 8, WIDE_SUFFIX_BYTES = 6;

// detector.features.word_vectors
constexpr uint64_t FINGERPRINT = 0xD6E8FEB86659FD93;
constexpr int FINGERPRINT_SHIFT = 32, DIMENSIONS = 59;

// detector.features.shapes
constexpr int WORD_LENGTH_UNIT = 8, TRIM = 64;
constexpr int FIRST_COUNTED = PERIOD, LAST_COUNTED = PICTURE, COUNTED = LAST_COUNTED - FIRST_COUNTED + 1;
constexpr int FIRST_CLASSES = 7, LAST_CLASSES = 11;  // columns for the classes of the first and last characters
constexpr int SHAPES = 10 + COUNTED + FIRST_CLASSES + LAST_CLASSES;

// detector.features.context
constexpr int UNIT = 1024, WEIGHT_UNIT = 16;
constexpr uint64_t SLOT = 0x9E3779B97F4A7C15;
constexpr int SLOT_SHIFT = 33, SLOTS_PER_WORD = 8, MIN_SLOTS = 16;
constexpr int WINDOWS = 7;
constexpr int64_t REST_OF_DOCUMENT = int64_t(1) << 40;
constexpr int64_t WINDOW_BOUNDS[WINDOWS][2] = {
    {-10, -1}, {1, 10}, {-30, -1}, {1, 30},
    {-REST_OF_DOCUMENT, -1}, {1, REST_OF_DOCUMENT}, {-REST_OF_DOCUMENT, REST_OF_DOCUMENT},
};
constexpr int SHARED = 14;  // columns of the shared vocabulary

// detector.inference.quantization, detector.inference.pooling, detector.inference.network
constexpr int INPUT_STEPS = 32, INPUT_MAX = 511, HIDDEN_STEPS = 64, HIDDEN_MAX = 1023, POOL_STEPS = 128, POOL_MAX = 1023;
constexpr int POOLS = 5;
constexpr int DILATIONS[] = {1, 2, 4};

// detector.inference.calibration
constexpr float SMALLEST = 1e-6f, SMALLEST_DIVISOR = 1e-30f;

}  // namespace detector
