// What the rest of a document says of a paragraph: `detector.features.context`.

#pragma once

#include "shapes.hpp"

namespace detector::DETECTOR_LEVEL {

// The rarer words of a document that differ: one entry for each slot of `detector.features.context.Vocabulary`.
struct Entry {
    int32_t first, last;  // paragraphs of the document
    int64_t number, score;
};

class Vocabulary {
  public:
    // Find the slots of a document's rarer words; paragraph `p` has the words `bounds[p]` to `bounds[p + 1]`.
    void fill(const RareWords& rare, const int64_t* bounds, int64_t paragraphs) {
        int64_t size = MIN_SLOTS;
        while (size < SLOTS_PER_WORD * rare.number) size *= 2;
        clear(size);
        uint32_t* const slots = slots_.data();
        uint32_t* const of_word = of_word_.reserve(rare.number + 1);
        Entry* const entries = entries_.reserve(rare.number + 1);
        for (int64_t row = 0; row < paragraphs; row++) {
            for (int64_t word = bounds[row]; word < bounds[row + 1]; word++) {
                uint32_t& slot = slots[int64_t(rare.hashes.data()[word] * SLOT >> SLOT_SHIFT) & (size - 1)];
                if (slot < first_) {
                    slot = next_++;
                    entries[slot - first_] = {int32_t(row), int32_t(row), 0, 0};
                }
                Entry& entry = entries[slot - first_];
                entry.last = int32_t(row);
                entry.number++;
                of_word[word] = slot - first_;
            }
        }
    }

    // Add up the scores of reporting of each word; `labels` has one row of whole numbers per paragraph.
    void add_scores(const int64_t* bounds, int64_t paragraphs, const int64_t* labels, int width) {
        for (int64_t row = 0; row < paragraphs; row++) {
            for (int64_t word = bounds[row]; word < bounds[row + 1]; word++) {
                entries_.data()[of_word_.data()[word]].score += labels[row * width];
            }
        }
    }

    const Entry& entry(int64_t word) const { return entries_.data()[of_word_.data()[word]]; }

  private:
    // Make all slots of the next document empty: those of earlier documents hold numbers below `first_`.
    void clear(int64_t size) {
        first_ = next_;
        if (size > size_ || next_ > UINT32_MAX / 2) {
            size_ = larger(size, size_);
            std::memset(slots_.reserve(size_), 0, size_t(size_) * sizeof(uint32_t));
            first_ = next_ = 1;
        }
    }

    Buffer<uint32_t> slots_, of_word_;
    Buffer<Entry> entries_;
    int64_t size_ = 0;
    uint32_t first_ = 1, next_ = 1;  // the numbers of this document's words; the next number
};

// Counts paragraphs with the same words: `detector.features.context._repeats`.
class Repeats {
  public:
    // `out[p * stride]` is for paragraph `p`.
    void count(const uint64_t* lines, int64_t paragraphs, float* out) {
        int64_t size = 16;
        while (size < 2 * paragraphs) size *= 2;
        int32_t* const owner = owner_.reserve(size);  // the first paragraph with the hash, from 1 on
        int32_t* const number = number_.reserve(paragraphs + 1);
        int32_t* const first = first_.reserve(paragraphs + 1);
        std::memset(owner, 0, size_t(size) * sizeof *owner);
        for (int64_t row = 0; row < paragraphs; row++) {
            int64_t at = int64_t(lines[row] * SLOT >> SLOT_SHIFT) & (size - 1);
            while (owner[at] && lines[owner[at] - 1] != lines[row]) at = (at + 1) & (size - 1);
            if (!owner[at]) {
                owner[at] = int32_t(row + 1);
                number[row] = 0;
            }
            first[row] = owner[at] - 1;
            number[first[row]]++;
        }
        for (int64_t row = 0; row < paragraphs; row++) out[row] = log2_of(number[first[row]] - 1);
    }

  private:
    Buffer<int32_t> owner_, number_, first_;
};

// The sums over a document's paragraphs that `_windows` and `_mass` take differences of, one row before each paragraph.
struct Sums {
    Buffer<double> scores;  // (paragraphs + 1, labels + 1): whole numbers; the last column is the length
    Buffer<int64_t> mass;   // (paragraphs + 1, labels)
    Buffer<int64_t> labels; // (paragraphs, labels)
};

// The probabilities as whole numbers, summed over the kinds of each label: `quantize` and a product with `membership`.
inline void add_kinds(const Model& model, const float* probabilities, int64_t* labels) {
    for (int label = 0; label < model.labels; label++) labels[label] = 0;
    for (int kind = 0; kind < model.kinds; kind++) {
        labels[model.kind_labels[kind]] += int64_t(rounded(probabilities[kind] * float(UNIT)));
    }
}

inline void cumulate(const Model& model, const float* shapes, const int64_t* characters, int64_t paragraphs, Sums& sums) {
    const int width = model.labels;
    double* scores = sums.scores.data();
    int64_t* mass = sums.mass.data();
    const int64_t* labels = sums.labels.data();
    for (int label = 0; label < width; label++) scores[label] = 0, mass[label] = 0;
    scores[width] = 0;
    for (int64_t row = 0; row < paragraphs; row++) {
        for (int label = 0; label < width; label++) {
            scores[width + 1 + label] = scores[label] + double(labels[label]);
            mass[width + label] = mass[label] + labels[label] * characters[row];
        }
        scores[2 * width + 1] = scores[width] + double(rounded(shapes[row * SHAPES] * float(UNIT)));
        scores += width + 1;
        mass += width;
        labels += width;
    }
}

// A row of `_windows`; returns the next free column. `sums` and `numbers` have room for as many columns.
DETECTOR_INLINE float* write_windows(const double* scores, int width, int64_t row, int64_t paragraphs, double* sums,
                                     double* numbers, float* out) {
    int at = 0;
    for (const auto& window : WINDOW_BOUNDS) {
        const int64_t right = smaller(larger(row + window[1] + 1, int64_t(0)), paragraphs);
        const int64_t left = smaller(larger(row + window[0], int64_t(0)), paragraphs);
        const double number = double(larger(right - left, int64_t(1)) * UNIT);
        const double *const from = scores + smaller(left, right) * width, *const to = scores + right * width;
        for (int column = 0; column < width; column++, at++) {
            sums[at] = to[column] - from[column];
            numbers[at] = number;
        }
    }
    for (int column = 0; column < at; column++) out[column] = float(sums[column] / numbers[column]);
    return out + at;
}

// A row of `_position`.
DETECTOR_INLINE float* write_position(int64_t row, int64_t paragraphs, float* out) {
    out[0] = log2_of(row);
    out[1] = log2_of(paragraphs - 1 - row);
    out[2] = ratio(row, paragraphs - 1);
    out[3] = log2_of(paragraphs);
    return out + 4;
}

// The columns of `_mass` that all paragraphs of a document share.
inline void write_document_mass(const int64_t* totals, int labels, float* out) {
    int64_t whole = 0;
    for (int label = 0; label < labels; label++) whole += totals[label];
    for (int label = 0; label < labels; label++) {
        out[label] = ratio(totals[label], whole);
        out[labels + label] = log2_of(totals[label] / UNIT);
    }
}

// The sums of a paragraph's words that `_shared_vocabulary` takes ratios of.
struct Shared {
    int64_t whole = 0, shared = 0, earlier = 0, reporting = 0;

    DETECTOR_INLINE void add(int64_t weight, bool elsewhere, bool before, int64_t score) {
        whole += weight;
        shared += elsewhere ? weight : 0;
        earlier += before ? weight : 0;
        reporting += weight * score;
    }

    DETECTOR_INLINE float* write(float* out) const {
        out[0] = ratio(shared, whole);
        out[1] = ratio(reporting, whole * UNIT);
        out[2] = ratio(reporting, shared * UNIT);
        out[3] = ratio(earlier, whole);
        out[4] = log2_of(whole / WEIGHT_UNIT);
        out[5] = log2_of(shared / WEIGHT_UNIT);
        out[6] = log2_of(reporting / (WEIGHT_UNIT * UNIT));
        return out + 7;
    }
};

// A row of `_shared_vocabulary`; `score` is the paragraph's own of reporting.
inline float* write_shared(const RareWords& rare, const Vocabulary& vocabulary, int64_t first, int64_t last, int64_t row,
                           int64_t score, float* out) {
    Shared all, capitalised;
    for (int64_t word = first; word < last; word++) {
        const Entry& entry = vocabulary.entry(word);
        const bool elsewhere = entry.first != entry.last, earlier = entry.first < row;
        // exact: floating-point division of whole numbers below 2**52, rounded down
        const double others = double(larger(entry.number - 1, int64_t(1)));
        const int64_t mean = elsewhere ? int64_t(double(entry.score - score) / others) : 0;
        const int64_t weight = rare.weight.data()[word];
        all.add(weight, elsewhere, earlier, mean);
        if (rare.capital.data()[word]) capitalised.add(weight, elsewhere, earlier, mean);
    }
    return capitalised.write(all.write(out));
}

}  // namespace detector::DETECTOR_LEVEL
