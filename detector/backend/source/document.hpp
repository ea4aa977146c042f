// The scores of a document, from its bytes to probabilities: `detector.inference.predict`.

#pragma once

#include "context.hpp"
#include "network.hpp"

namespace detector::DETECTOR_LEVEL {

// Calibrated probabilities of a paragraph: `detector.inference.calibration.calibrate`. `kinds` are overwritten. `before`
// are the sums of the kinds of each label, `logs` their logarithms; `labels` and `factors` have room for whole blocks.
DETECTOR_INLINE void calibrate(const Model& model, const float* before, const float* logs, float* kinds, float* labels,
                               float* factors) {
    const int number = model.labels;
    const float* weights = model.calibration;
    for (int label = 0; label < number; label++) labels[label] = weights[number * number + label];
    for (int from = 0; from < number; from++, weights += number) {
        for (int label = 0; label < number; label++) labels[label] = labels[label] + logs[from] * weights[label];
    }
    softmax(labels, number, labels);
    for (int label = 0; label < number; label++) factors[label] = labels[label] / larger(before[label], SMALLEST_DIVISOR);
    for (int kind = 0; kind < model.kinds; kind++) kinds[kind] = kinds[kind] * factors[model.kind_labels[kind]];
}

class Scorer {
  public:
    Scorer(const Model& model, const Batch& batch, const Scores& out) : model_(model), batch_(batch), out_(out) {}

    void score(int64_t document) {
        first_ = batch_.bounds[document];
        number_ = batch_.bounds[document + 1] - first_;
        reserve();
        // the next paragraph's rows are fetched from memory while this one's are summed
        for (int64_t row = 0; row < number_; row++) {
            find_rows(row);
            if (row) read(row - 1);
        }
        if (number_) read(number_ - 1);
        out_.familiarity[document] = familiarity();
        vocabulary_.fill(rare_, rare_bounds_.data(), number_);
        repeats_counter_.count(lines_.data(), number_, repeats_.data());
        float* logits = logits_.data();
        if (model_.networks) {
            write_inputs();
            logits = network_logits_.data();
            networks_.mean_logits(model_, Steps{inputs_.data(), whole_blocks(model_.inputs)}, number_, logits);
        }
        write_probabilities(logits);
        copy_intermediate();
    }

  private:
    // `softmax` and `calibrate` of all rows.
    void write_probabilities(const float* logits) {
        const int width = model_.labels;
        const int64_t size = number_ * width;
        float *const before = before_.reserve(size), *const logs = logs_.reserve(size);
        float* const out = out_.kinds + first_ * model_.kinds;
        float* const kinds = probabilities_.data();
        std::memset(before, 0, size_t(size) * sizeof *before);
        for (int64_t row = 0; row < number_; row++) {
            softmax(logits + row * of_kinds_, model_.kinds, kinds);
            for (int kind = 0; kind < model_.kinds; kind++) before[row * width + model_.kind_labels[kind]] += kinds[kind];
            copy(kinds, model_.kinds, out + row * model_.kinds);
        }
        for (int64_t at = 0; at < size; at++) logs[at] = logarithm(larger(before[at], SMALLEST));
        float *const labels = kinds + of_kinds_, *const factors = labels + whole_blocks(width);
        for (int64_t row = 0; row < number_; row++) {
            const int64_t at = row * width;
            calibrate(model_, before + at, logs + at, out + row * model_.kinds, labels, factors);
            copy(labels, width, out_.labels + first_ * width + at);
        }
    }

    void reserve() {
        int64_t bytes = 0;
        for (int64_t row = 0; row < number_; row++) bytes += batch_.end[first_ + row] - batch_.start[first_ + row] + 1;
        rare_.number = 0;
        rare_.hashes.reserve(bytes);
        rare_.weight.reserve(bytes);
        rare_.capital.reserve(bytes);
        rare_bounds_.reserve(number_ + 1)[0] = 0;
        lines_.reserve(number_);
        characters_.reserve(number_);
        shapes_.reserve(number_ * SHAPES);
        repeats_.reserve(number_);
        known_.reserve(number_);
        embeddings_.reserve(number_ * OF_EMBEDDING);
        logits_.reserve(number_ * of_kinds_);
        network_logits_.reserve(number_ * of_kinds_);
        probabilities_.reserve(of_kinds_ + 2 * whole_blocks(model_.labels));
        sums_.labels.reserve(number_ * model_.labels);
        sums_.mass.reserve((number_ + 1) * model_.labels);
        sums_.scores.reserve((number_ + 1) * (model_.labels + 1));
        windows_.reserve(2 * WINDOWS * (model_.labels + 1));
        words_.reserve(2);
        rows_.reserve(2);
        totals_.reserve(larger(padded_width(model_.kinds), padded_width(DIMENSIONS)));
    }

    // Find the words of a paragraph, and fetch what they look up from memory.
    void find_rows(int64_t row) {
        const int64_t start = batch_.start[first_ + row], size = batch_.end[first_ + row] - start;
        Words& words = words_.data()[row % 2];
        find_words(batch_.classes + start, size, words);
        hash_words(batch_.classes + start, batch_.folded + start, words);
        fetch_ranks(model_.vectors, words);
        add_ngrams(batch_.folded + start, model_.linear, words, rows_.data()[row % 2]);
    }

    // Read a paragraph by itself, given its rows.
    void read(int64_t row) {
        const int64_t start = batch_.start[first_ + row], size = batch_.end[first_ + row] - start;
        const uint8_t* const classes = batch_.classes + start;
        const Words& words = words_.data()[row % 2];
        Rows& rows = rows_.data()[row % 2];
        add_candidates(model_.vectors, words, rows);
        add_rare(classes, model_.idf, words, rows, rare_);
        choose_vectors(model_.vectors, rows);
        rare_bounds_.data()[row + 1] = rare_.number;
        lines_.data()[row] = words.line_hash;
        characters_.data()[row] = batch_.char_end[first_ + row] - batch_.char_start[first_ + row];
        const bool all_known = !words.number || !model_.vectors.words;
        known_.data()[row] = all_known ? 1.0f : ratio(rows.vectors_number, words.number);
        write_shape(words, classes, size, characters_.data()[row], shapes_.data() + row * SHAPES);
        write_logits(rows, double(known_.data()[row]), logits_.data() + row * of_kinds_);
        if (batch_.evidence) add_evidence(batch_.evidence + (first_ + row) * model_.kinds, logits_.data() + row * of_kinds_);
        write_embedding(rows, embeddings_.data() + row * OF_EMBEDDING);
    }

    // `detector.inference.linear.LinearModel.logits`.
    void write_logits(const Rows& rows, double known, float* out) {
        int32_t* const totals = totals_.data();
        sum_rows(model_.linear, rows.ngrams, rows.ngrams_number, totals);
        const double norm = std::sqrt(double(larger(rows.ngrams_number, 1)));
        for (int kind = 0; kind < model_.kinds; kind++) {
            const double score = double(totals[kind]) * model_.scale[kind] / norm * known;
            out[kind] = float(score + double(model_.bias[kind]));
        }
    }

    void add_evidence(const float* evidence, float* logits) const {
        for (int kind = 0; kind < model_.kinds; kind++) logits[kind] = logits[kind] + evidence[kind];
    }

    // `detector.features.word_vectors.WordVectors.embed`. The sums are below 2**24, so that a division in float32 has
    // the result of one in float64 that is rounded to float32 (Figueroa, "When is double rounding innocuous?", 1995).
    void write_embedding(const Rows& rows, float* out) {
        int32_t* const totals = totals_.data();
        sum_rows(model_.vectors.table, rows.vectors, rows.vectors_number, totals);
        const Block known(float(larger(rows.vectors_number, 1)));
        for (int column = 0; column < OF_EMBEDDING; column += BLOCK) {
            float sums[BLOCK];
            for (int at = 0; at < BLOCK; at++) sums[at] = float(totals[column + at]);
            (Block::load(sums) / known).store(out + column);
        }
    }

    // `detector.inference.predict.familiarity`.
    float familiarity() const {
        int64_t known = 0, whole = 0;
        for (int64_t row = 0; row < number_; row++) {
            const int64_t size = batch_.end[first_ + row] - batch_.start[first_ + row];
            known += int64_t(rounded(known_.data()[row] * float(UNIT))) * size;
            whole += size;
        }
        return whole ? ratio(known, UNIT * whole) : 1.0f;
    }

    // The input rows of the networks, in steps: `network_inputs` and `standardize`.
    void write_inputs() {
        const int labels = model_.labels, stride = whole_blocks(model_.inputs);
        float* const probabilities = probabilities_.data();
        for (int64_t row = 0; row < number_; row++) {
            softmax(logits_.data() + row * of_kinds_, model_.kinds, probabilities);
            add_kinds(model_, probabilities, sums_.labels.data() + row * labels);
        }
        cumulate(model_, shapes_.data(), characters_.data(), number_, sums_);
        vocabulary_.add_scores(rare_bounds_.data(), number_, sums_.labels.data(), labels);
        float* const of_document = document_mass_.reserve(2 * labels);
        const int64_t* const mass = sums_.mass.data();
        write_document_mass(mass + number_ * labels, labels, of_document);
        int16_t* const inputs = inputs_.reserve(number_ * stride);
        float* const line = line_.reserve(stride);
        std::memset(line, 0, size_t(stride) * sizeof *line);
        for (int64_t row = 0; row < number_; row++) {
            write_input(row, of_document, line);
            standardize(line, model_, inputs + row * stride);
            if (out_.inputs) copy(line, model_.inputs, out_.inputs + (first_ + row) * model_.inputs);
        }
    }

    void write_input(int64_t row, const float* of_document, float* out) {
        const int labels = model_.labels;
        const int of_windows = WINDOWS * (labels + 1);
        const int64_t *const bounds = rare_bounds_.data(), *const mass = sums_.mass.data();
        out = copy(logits_.data() + row * of_kinds_, model_.kinds, out);
        out = write_windows(sums_.scores.data(), labels + 1, row, number_, windows_.data(), windows_.data() + of_windows, out);
        out = write_position(row, number_, out);
        for (int label = 0; label < labels; label++) {
            *out++ = ratio(mass[row * labels + label], mass[number_ * labels + label]);
        }
        out = copy(of_document, 2 * labels, out);
        out = copy(shapes_.data() + row * SHAPES, SHAPES, out);
        *out++ = repeats_.data()[row];
        out = write_shared(rare_, vocabulary_, bounds[row], bounds[row + 1], row, sums_.labels.data()[row * labels], out);
        *out++ = known_.data()[row];
        copy(embeddings_.data() + row * OF_EMBEDDING, DIMENSIONS, out);
    }

    DETECTOR_INLINE static float* copy(const float* from, int64_t number, float* to) {
        std::memcpy(to, from, size_t(number) * sizeof *to);
        return to + number;
    }

    void copy_intermediate() const {
        const auto copy_rows = [&](const float* from, int64_t stride, int width, float* to) {
            for (int64_t row = 0; to && row < number_; row++) copy(from + row * stride, width, to + (first_ + row) * width);
        };
        copy_rows(logits_.data(), of_kinds_, model_.kinds, out_.logits);
        copy_rows(shapes_.data(), SHAPES, SHAPES, out_.shapes);
        copy_rows(repeats_.data(), 1, 1, out_.repeats);
        copy_rows(known_.data(), 1, 1, out_.known);
        copy_rows(embeddings_.data(), OF_EMBEDDING, DIMENSIONS, out_.embeddings);
        if (model_.networks) copy_rows(network_logits_.data(), of_kinds_, model_.kinds, out_.network_logits);
    }

    static constexpr int OF_EMBEDDING = (DIMENSIONS + BLOCK - 1) / BLOCK * BLOCK;  // room for an embedding

    const Model& model_;
    const int of_kinds_ = whole_blocks(model_.kinds);  // room for a value per kind
    const Batch& batch_;
    const Scores& out_;
    int64_t first_ = 0, number_ = 0;  // the document's paragraphs
    Buffer<Words> words_;
    Buffer<Rows> rows_;
    Buffer<int32_t> totals_;
    RareWords rare_;
    Buffer<int64_t> rare_bounds_, characters_;
    Buffer<uint64_t> lines_;
    Buffer<float> shapes_, repeats_, known_, embeddings_, logits_, network_logits_, document_mass_, line_, probabilities_,
        before_, logs_;
    Buffer<int16_t> inputs_;
    Buffer<double> windows_;
    Sums sums_;
    Vocabulary vocabulary_;
    Repeats repeats_counter_;
    Networks networks_;
};

inline void score(const Model& model, const Batch& batch, const Scores& out) {
    Scorer scorer(model, batch, out);
    for (int64_t document = 0; document < batch.documents; document++) scorer.score(document);
}

}  // namespace detector::DETECTOR_LEVEL
