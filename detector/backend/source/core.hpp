// What the binding and the kernels share: plain structures of pointers, and the table of a level's functions.
//
// Nothing here owns memory. All arrays are contiguous, rows first. Every result equals that of the NumPy functions
// which the comments name, to the last bit: no fast-math, no fused multiplication and addition.

#pragma once

#include <cfloat>
#include <cstddef>
#include <cstdint>

// Where these do not hold, scores would be others than NumPy's, which computes them then.
#if FLT_EVAL_METHOD != 0
#error "floating-point numbers are computed with more precision than they have"
#endif
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "words are hashed as little-endian numbers"
#endif

namespace detector {

// The tables of `detector.text.characters`.
struct CharacterTables {
    const uint8_t* classes;        // one per code point below 0x10000, and one for all others
    const int32_t* lower;          // the same
    const uint8_t* ascii_classes;  // 256
    const uint8_t* ascii_folded;   // 256
    const uint8_t* rest;           // one per class
};

// The lines that `detector.text.paragraphs.split_lines` returns.
struct Lines {
    uint8_t *classes, *folded;  // as long as the buffer
    int64_t *document, *start, *end, *char_start, *char_end;
    uint8_t* after_blank;
};

// A `detector.text.paragraphs.Batch`.
struct Batch {
    const uint8_t *classes, *folded;
    const int64_t *start, *end, *char_start, *char_end;
    const int64_t* bounds;  // documents + 1
    int64_t documents;
    const float* evidence;  // (paragraphs, kinds), added to the logits of the linear model; null where there is none
};

// A table of int8 whose rows are summed: `width` columns count, rows begin every `stride` bytes, and as many bytes as
// `padded_width(width)` can be read from the beginning of each row.
struct Table {
    const int8_t* values;
    int64_t stride;
    int width;
};

// The word vectors: a bit for each bucket that has a word, with the number of words in the buckets before, which is the
// row of the word.
struct Rank {
    uint64_t bits;
    uint64_t before;
};

struct Vectors {
    const Rank* ranks;             // VECTOR_BUCKETS / 64
    const uint32_t* fingerprints;  // one per row, and one more
    Table table;
    int64_t words;
};

// Weights of a matrix in whole steps, int16 in blocks of 16 outputs: `[outputs / 16][inputs / 2][16][2]`. The numbers of
// inputs and outputs are rounded up to multiples of 2 and 16. `factors` turn sums of products into values.
struct Matrix {
    const int16_t* weights;
    const float* factors;
    int inputs, outputs;
};

constexpr int NEAR_LAYERS = 1, FAR_LAYERS = 2, CONVOLUTIONS = NEAR_LAYERS + FAR_LAYERS;

struct Convolution {
    Matrix to_next, own, to_previous;
    const float* bias;
};

// A `detector.inference.network.DocumentNetwork`. Biases have as many entries as the rounded number of outputs; the units
// of the inputs of `mix_pools` are rounded up to a multiple of 16, too.
struct Network {
    Matrix input, peaks, means, mix_hidden, mix_pools, output_hidden, output_own;
    const float *input_bias, *peaks_bias, *means_bias, *mix_bias, *output_bias;
    Convolution convolutions[CONVOLUTIONS];
    int hidden, pool;
};

// A `detector.inference.model.Model`.
struct Model {
    int labels, kinds, inputs, networks;
    const int64_t* kind_labels;
    Table linear;
    const double* scale;
    const float* bias;
    const uint8_t* idf;  // BUCKETS
    Vectors vectors;
    const float *mean, *factor;  // of the inputs; the factor is times INPUT_STEPS
    const Network* network;
    const float* calibration;  // (labels + 1, labels)
};

// What `score` fills in. The first three are the result: `detector.inference.predict.Scores`. The others are the
// intermediate arrays of each paragraph, for tests; a null pointer is left out.
struct Scores {
    float *labels, *kinds, *familiarity;
    float *logits, *shapes, *repeats, *known, *embeddings, *inputs, *network_logits;
};

struct Level {
    const char* name;
    int64_t (*split_lines)(const uint8_t* raw, int64_t size, const int64_t* origin, int64_t origins,
                           const CharacterTables& tables, Lines& out);
    void (*score)(const Model& model, const Batch& batch, const Scores& out);
};

// The number of bytes that are read of each row of a table.
constexpr int padded_width(int width) { return (width + 31) / 32 * 32; }

// The levels that were compiled and that this processor can run, from the lowest to the highest; ends with null.
const Level* const* levels();

// Copies rows of a table, each to the beginning of one of `stride` bytes that ends with zeros.
void copy_rows(const int8_t* values, int64_t rows, int64_t width, int64_t stride, int8_t* out);

// Fills in the ranks of buckets, which are in order and all different.
void fill_ranks(const uint32_t* buckets, int64_t number, Rank* ranks, int64_t size);

// The number of line feeds and carriage returns.
int64_t count_line_ends(const uint8_t* bytes, int64_t size);

// Memory of the kernels, aligned to 64 bytes. `allocate` throws `std::bad_alloc`.
void* allocate(size_t bytes);
void release(void* memory);

}  // namespace detector
