// The networks in whole steps: `detector.inference.network`, `layers`, `pooling` and `quantization`.
//
// Inputs are int16 steps, sums of products int32, so small that float32 represents each exactly. NumPy multiplies the
// same numbers in floating point. Rows are filled with zeros up to whole blocks of columns, and are read and written in
// whole blocks: biases and weights are zero there, and so are all values.

#pragma once

#include "arithmetic.hpp"

namespace detector::DETECTOR_LEVEL {

// How many rows and blocks are multiplied at once, so that their sums stay in registers.
#if defined(__AVX512BW__)
constexpr int ROWS = 4, BLOCKS = 3;
#elif defined(__AVX2__)
constexpr int ROWS = 4, BLOCKS = 1;
#elif defined(DETECTOR_NEON)
constexpr int ROWS = 2, BLOCKS = 3;
#else
constexpr int ROWS = 2, BLOCKS = 1;
#endif

DETECTOR_INLINE int even(int number) { return (number + 1) / 2 * 2; }
DETECTOR_INLINE int whole_blocks(int number) { return (number + BLOCK - 1) / BLOCK * BLOCK; }

// Rows of steps, one every `stride`.
struct Steps {
    int16_t* data;
    int64_t stride;
    DETECTOR_INLINE int16_t* operator[](int64_t row) const { return data + row * stride; }
};

// A part of a layer: a matrix, and the rows that it is multiplied by: for row `r`, row `r + shift` of `inputs`, or zeros
// where there is no such row.
struct Part {
    const Matrix* matrix;
    Steps inputs;
    int64_t shift;
};

// Multiplies rows by some blocks of a matrix, and adds the values to `values`.
template <int WIDTH>
DETECTOR_INLINE void add_products(const int16_t* const (&rows)[ROWS], const Matrix& matrix, int block,
                                  float (&values)[ROWS][BLOCKS * BLOCK]) {
    const int pairs = even(matrix.inputs) / 2;
    const int16_t* const weights = matrix.weights + int64_t(block) * pairs * 2 * BLOCK;
    const float* const factors = matrix.factors + block * BLOCK;
    Products products[ROWS][WIDTH];
#if defined(__GNUC__)
#pragma GCC unroll 4
#endif
    for (int pair = 0; pair < pairs; pair++) {
        for (int row = 0; row < ROWS; row++) {
            int32_t inputs;
            std::memcpy(&inputs, rows[row] + 2 * pair, sizeof inputs);
            for (int at = 0; at < WIDTH; at++) {
                products[row][at].add(inputs, weights + (int64_t(at) * pairs + pair) * 2 * BLOCK);
            }
        }
    }
    for (int row = 0; row < ROWS; row++) {
        for (int at = 0; at < WIDTH; at++) {
            products[row][at].add_to(values[row] + at * BLOCK, factors + at * BLOCK);
        }
    }
}

// One layer for all rows: the sum of its parts, in their order, and a bias. `write(row, column, values)` takes the values
// of a block that begins at a column. `nothing` are zeros, as many as any part has inputs.
template <int PARTS, class Write>
DETECTOR_INLINE void apply(const Part (&parts)[PARTS], const float* bias, int64_t number, const int16_t* nothing,
                           const Write& write) {
    const int blocks = whole_blocks(parts[0].matrix->outputs) / BLOCK;
    for (int64_t first = 0; first < number; first += ROWS) {
        const int16_t* rows[PARTS][ROWS];
        for (int part = 0; part < PARTS; part++) {
            for (int at = 0; at < ROWS; at++) {
                const int64_t row = first + at + parts[part].shift;
                rows[part][at] = row >= 0 && row < number ? parts[part].inputs[row] : nothing;
            }
        }
        for (int block = 0; block < blocks;) {
            const int width = blocks - block >= BLOCKS ? BLOCKS : 1;
            float values[ROWS][BLOCKS * BLOCK] = {};
            for (int part = 0; part < PARTS; part++) {
                if (width == BLOCKS) {
                    add_products<BLOCKS>(rows[part], *parts[part].matrix, block, values);
                } else {
                    add_products<1>(rows[part], *parts[part].matrix, block, values);
                }
            }
            for (int at = 0; at < smaller(int64_t(ROWS), number - first); at++) {
                for (int column = 0; column < width * BLOCK; column += BLOCK) {
                    const int begin = block * BLOCK + column;
                    write(first + at, begin, Block::load(values[at] + column) + Block::load(bias + begin));
                }
            }
            block += width;
        }
    }
}

// `detector.inference.quantization.standardize` of a row, in steps. Mean and factor are zero beyond the inputs.
DETECTOR_INLINE void standardize(const float* row, const Model& model, int16_t* out) {
    for (int column = 0; column < model.inputs; column += BLOCK) {
        const Block centred = Block::load(row + column) - Block::load(model.mean + column);
        const Block value = centred * Block::load(model.factor + column);
        smaller(larger(value, Block(-INPUT_MAX)), Block(INPUT_MAX)).store_steps(out + column);
    }
}

// Values between the least and the largest hidden unit, in steps that are not yet whole: `detector.inference.layers.rectify`.
DETECTOR_INLINE Block rectified(const Block& values) {
    return smaller(larger(values * Block(HIDDEN_STEPS), Block(0)), Block(HIDDEN_MAX));
}

// Adds rectified values to a block of hidden units: `detector.inference.layers.add_residual`.
DETECTOR_INLINE void write_residual(const Block& values, const int16_t* hidden, int16_t* out) {
    const Block sum = Block::load_steps(hidden) + rounded(rectified(values));
    smaller(sum, Block(HIDDEN_MAX)).store_steps(out);
}

// Running maxima and means over a document: `detector.inference.pooling`, for units in whole blocks.
//
// `peaks` and `means` are in steps. Fills `out` with five parts of a row: maxima before and after, means before and after,
// and the mean of all.
inline void pool(const Steps& peaks, const Steps& means, int64_t number, int units, const Steps& out) {
    constexpr double unit_steps = double(POOL_STEPS) / HIDDEN_STEPS;
    for (int block = 0; block < units; block += BLOCK) {
        int32_t total[BLOCK] = {};
        int16_t most[BLOCK] = {};
        const auto raise = [&](int64_t row, int part) {
            int16_t here[BLOCK];
            std::memcpy(here, peaks[row] + block, sizeof here);
            for (int at = 0; at < BLOCK; at++) most[at] = larger(most[at], here[at]);
            std::memcpy(out[row] + part * units + block, most, sizeof most);
        };
        const auto divide = [&](int64_t by, int16_t* line) {
            int16_t steps[BLOCK];
            for (int at = 0; at < BLOCK; at++) {
                const double mean = rounded(double(total[at]) * unit_steps / double(by));
                steps[at] = int16_t(int32_t(smaller(mean, double(POOL_MAX))));
            }
            std::memcpy(line, steps, sizeof steps);
        };
        const auto add = [&](int64_t row) {
            int16_t here[BLOCK];
            std::memcpy(here, means[row] + block, sizeof here);
            for (int at = 0; at < BLOCK; at++) total[at] += here[at];
        };
        for (int64_t row = 0; row < number; row++) {
            raise(row, 0);
            add(row);
            divide(row + 1, out[row] + 2 * units + block);
        }
        int16_t of_all[BLOCK];
        divide(larger(number, int64_t(1)), of_all);
        std::memset(total, 0, sizeof total);
        std::memset(most, 0, sizeof most);
        for (int64_t row = number - 1; row >= 0; row--) {
            raise(row, 1);
            divide(larger(number - 1 - row, int64_t(1)), out[row] + 3 * units + block);
            add(row);
            std::memcpy(out[row] + 4 * units + block, of_all, sizeof of_all);
        }
    }
}

// The networks, with their arrays for one document.
class Networks {
  public:
    // The mean logits of all networks, `(paragraphs, whole_blocks(kinds))`, for rows of standardized inputs:
    // `detector.inference.network.Ensemble.logits`.
    void mean_logits(const Model& model, const Steps& inputs, int64_t number, float* out) {
        for (int network = 0; network < model.networks; network++) {
            add_logits(model.network[network], inputs, number, model.kinds, network == 0, out);
        }
        for (int64_t at = 0; at < number * whole_blocks(model.kinds); at += BLOCK) {
            (Block::load(out + at) / Block(float(model.networks))).store(out + at);
        }
    }

  private:
    // `detector.inference.network.DocumentNetwork.logits`.
    void add_logits(const Network& network, const Steps& inputs, int64_t number, int kinds, bool first, float* out) {
        reserve(network, inputs, number);
        const Part input[] = {{&network.input, inputs, 0}};
        apply(input, network.input_bias, number, nothing_.data(), [&](int64_t row, int column, const Block& values) {
            rectified(values).store_steps(own_[row] + column);
        });
        const Steps* hidden = &own_;
        for (int layer = 0; layer < CONVOLUTIONS; layer++) {
            if (layer == NEAR_LAYERS) hidden = mix(network, number, hidden);
            hidden = convolve(network.convolutions[layer], DILATIONS[layer], number, hidden);
        }
        const Part output[] = {{&network.output_hidden, *hidden, 0}, {&network.output_own, own_, 0}};
        apply(output, network.output_bias, number, nothing_.data(), [&](int64_t row, int column, const Block& values) {
            float* const logits = out + row * whole_blocks(kinds) + column;
            (first ? values : Block::load(logits) + values).store(logits);
        });
    }

    void reserve(const Network& network, const Steps& inputs, int64_t number) {
        const int64_t width = whole_blocks(network.hidden), pool = whole_blocks(network.pool);
        own_ = {buffers_[0].reserve(number * width), width};
        hidden_[0] = {buffers_[1].reserve(number * width), width};
        hidden_[1] = {buffers_[2].reserve(number * width), width};
        peaks_ = {buffers_[3].reserve(number * pool), pool};
        means_ = {buffers_[4].reserve(number * pool), pool};
        pooled_ = {buffers_[5].reserve(number * POOLS * pool), POOLS * pool};
        const int64_t widest = larger(larger(inputs.stride, width), POOLS * pool);
        std::memset(nothing_.reserve(widest), 0, size_t(widest) * sizeof(int16_t));
    }

    // The hidden units that are not the given ones.
    const Steps* other(const Steps* hidden) const { return hidden == hidden_ ? hidden_ + 1 : hidden_; }

    // `detector.inference.layers.convolve`.
    const Steps* convolve(const Convolution& layer, int64_t dilation, int64_t number, const Steps* hidden) {
        const Steps* const out = other(hidden);
        const Part parts[] = {
            {&layer.own, *hidden, 0}, {&layer.to_next, *hidden, -dilation}, {&layer.to_previous, *hidden, dilation}};
        apply(parts, layer.bias, number, nothing_.data(), [&](int64_t row, int column, const Block& values) {
            write_residual(values, (*hidden)[row] + column, (*out)[row] + column);
        });
        return out;
    }

    // Pools the hidden units, and mixes them with the pools.
    const Steps* mix(const Network& network, int64_t number, const Steps* hidden) {
        const Part peaks[] = {{&network.peaks, *hidden, 0}}, means[] = {{&network.means, *hidden, 0}};
        apply(peaks, network.peaks_bias, number, nothing_.data(), [&](int64_t row, int column, const Block& values) {
            const Block peak = Block(1) / (exponential(Block(0) - values) + Block(1));
            (peak * Block(POOL_STEPS)).store_steps(peaks_[row] + column);
        });
        apply(means, network.means_bias, number, nothing_.data(), [&](int64_t row, int column, const Block& values) {
            rectified(values).store_steps(means_[row] + column);
        });
        pool(peaks_, means_, number, int(peaks_.stride), pooled_);
        const Steps* const out = other(hidden);
        const Part parts[] = {{&network.mix_hidden, *hidden, 0}, {&network.mix_pools, pooled_, 0}};
        apply(parts, network.mix_bias, number, nothing_.data(), [&](int64_t row, int column, const Block& values) {
            write_residual(values, (*hidden)[row] + column, (*out)[row] + column);
        });
        return out;
    }

    Buffer<int16_t> buffers_[6], nothing_;
    Steps own_{}, hidden_[2]{}, peaks_{}, means_{}, pooled_{};
};

}  // namespace detector::DETECTOR_LEVEL
