// Arithmetic that equals NumPy's to the last bit: every step is one that IEEE 754 rounds exactly.

#pragma once

#include <cmath>

#include "block.hpp"

namespace detector::DETECTOR_LEVEL {

// Rounds to the nearest whole number, to the even one of two; for values below 2**22 on either side of zero.
template <class Number>  // float or Block
DETECTOR_INLINE Number rounded(Number value) {
    const Number shift(float(3 << 22));
    return (value + shift) - shift;
}

// The same for values below 2**51.
DETECTOR_INLINE double rounded(double value) {
    constexpr double shift = double(int64_t(3) << 51);
    return (value + shift) - shift;
}

// `detector.util.arrays.log2`.
DETECTOR_INLINE float log2_of(int64_t value) {
    const double next = double(value) + 1;
    uint64_t bits;
    std::memcpy(&bits, &next, sizeof bits);
    const int exponent = int(bits >> 52) - 1022;
    bits = (bits & ((uint64_t(1) << 52) - 1)) | (uint64_t(1023) << 52);
    double mantissa;  // from 1 to 2
    std::memcpy(&mantissa, &bits, sizeof mantissa);
    return float(exponent + mantissa - 2);
}

// `detector.util.arrays.ratio`.
DETECTOR_INLINE float ratio(int64_t part, int64_t whole) { return float(double(part) / double(larger(whole, int64_t(1)))); }

constexpr double LN2 = 0.6931471805599453;
constexpr float LN2_HIGH = 22713.0f / 32768, LN2_LOW = float(LN2 - double(LN2_HIGH)), PER_LN2 = float(1 / LN2);
constexpr float EXP_TERMS[] = {1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1, 1};
constexpr double LOG_TERMS[] = {2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2};

// `detector.inference.elementary.exponential`.
DETECTOR_INLINE Block exponential(const Block& given) {
    Block value = smaller(larger(given, Block(-88)), Block(88));
    const Block exponent = rounded(value * Block(PER_LN2));
    value = value - exponent * Block(LN2_HIGH);
    value = value - exponent * Block(LN2_LOW);
    Block power = value * Block(EXP_TERMS[0]);
    for (int term = 1; term < 7; term++) power = (power + Block(EXP_TERMS[term])) * value;
    return (power + Block(EXP_TERMS[7])) * power_of_two(exponent);
}

// `detector.inference.elementary.logarithm`.
DETECTOR_INLINE float logarithm(float value) {
    const double wide = value;
    uint64_t bits;
    std::memcpy(&bits, &wide, sizeof bits);
    double exponent = double(int(bits >> 52) - 1022);
    bits = (bits & ((uint64_t(1) << 52) - 1)) | (uint64_t(1022) << 52);
    double mantissa;  // from 1/2 to 1
    std::memcpy(&mantissa, &bits, sizeof mantissa);
    const bool small = mantissa < 0.7071067811865476;
    exponent = small ? exponent - 1 : exponent;
    mantissa = small ? 2 * mantissa : mantissa;
    const double part = (mantissa - 1) / (mantissa + 1), square = part * part;
    double series = LOG_TERMS[0];
    for (int term = 1; term < 7; term++) series = series * square + LOG_TERMS[term];
    return float(series * part + exponent * LN2);
}

// `detector.inference.calibration.softmax` of one row; `out` may be the row. Both have room for whole blocks.
DETECTOR_INLINE void softmax(const float* row, int columns, float* out) {
    float most = row[0], total = 0;
    for (int column = 1; column < columns; column++) most = larger(most, row[column]);
    for (int column = 0; column < columns; column += BLOCK) {
        exponential(Block::load(row + column) - Block(most)).store(out + column);
    }
    for (int column = 0; column < columns; column++) total += out[column];
    for (int column = 0; column < columns; column += BLOCK) {
        (Block::load(out + column) / Block(total)).store(out + column);
    }
}

}  // namespace detector::DETECTOR_LEVEL
