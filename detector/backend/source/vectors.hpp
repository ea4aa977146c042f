// The vector instructions of a level: masks of 64 bytes, sums of rows of int8, and products of int16.
//
// `kernels.cpp` is compiled once per level, with other instructions allowed. All that a level compiles is in a namespace
// of its own, and nothing of the standard library is used in it that could be compiled out of line: the linker would
// keep one copy for all levels, which some processors cannot run.

#pragma once

#include <cstring>

#include "constants.hpp"
#include "core.hpp"

#if defined(DETECTOR_GENERIC)  // for a test: what is compiled for all other processors
#undef __AVX2__
#undef __AVX512BW__
#undef __AVX512VBMI__
#undef __AVX512VBMI2__
#elif defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#define DETECTOR_X86 1
#elif defined(__aarch64__) || defined(_M_ARM64)
#include <arm_neon.h>
#define DETECTOR_NEON 1
#endif

#if defined(_MSC_VER)
#include <intrin.h>
#define DETECTOR_INLINE __forceinline
#else
#define DETECTOR_INLINE inline __attribute__((always_inline))
#endif

namespace detector::DETECTOR_LEVEL {

template <class T>
DETECTOR_INLINE T smaller(T a, T b) { return b < a ? b : a; }

template <class T>
DETECTOR_INLINE T larger(T a, T b) { return a < b ? b : a; }

DETECTOR_INLINE int first_bit(uint64_t bits) {
#if defined(_MSC_VER)
    unsigned long at;
    _BitScanForward64(&at, bits);
    return int(at);
#else
    return __builtin_ctzll(bits);
#endif
}

DETECTOR_INLINE int count_bits(uint64_t bits) {
#if defined(_MSC_VER) && defined(_M_X64)
    return int(__popcnt64(bits));
#elif defined(_MSC_VER)
    int number = 0;
    for (; bits; bits &= bits - 1) number++;
    return number;
#else
    return __builtin_popcountll(bits);
#endif
}

DETECTOR_INLINE void prefetch(const void* at) {
#if defined(DETECTOR_X86)
    _mm_prefetch(static_cast<const char*>(at), _MM_HINT_T0);
#elif !defined(_MSC_VER)
    __builtin_prefetch(at);
#endif
}

// An array that grows, without its values being kept.
template <class T>
class Buffer {
  public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { release(data_); }

    T* reserve(int64_t number) {
        if (number > size_) {
            release(data_);
            data_ = nullptr;
            size_ = 0;
            const int64_t more = sizeof(T) <= 64 ? 64 : 0;  // whole blocks are written at the end
            data_ = static_cast<T*>(allocate(size_t(number + number / 4 + more) * sizeof(T)));
            size_ = number + number / 4;
        }
        return data_;
    }

    T* data() const { return data_; }

  private:
    T* data_ = nullptr;
    int64_t size_ = 0;
};

// Which of 64 bytes are from `first` to `last`.
DETECTOR_INLINE uint64_t bytes_between(const uint8_t* at, uint8_t first, uint8_t last) {
    const uint8_t most = uint8_t(last - first);
#if defined(__AVX512BW__)
    const __m512i shifted = _mm512_sub_epi8(_mm512_loadu_si512(at), _mm512_set1_epi8(char(first)));
    return _mm512_cmple_epu8_mask(shifted, _mm512_set1_epi8(char(most)));
#elif defined(__AVX2__)
    uint64_t bits = 0;
    for (int part = 0; part < 2; part++) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32 * part));
        const __m256i shifted = _mm256_sub_epi8(bytes, _mm256_set1_epi8(char(first)));
        const __m256i within = _mm256_cmpeq_epi8(_mm256_min_epu8(shifted, _mm256_set1_epi8(char(most))), shifted);
        bits |= uint64_t(uint32_t(_mm256_movemask_epi8(within))) << (32 * part);
    }
    return bits;
#elif defined(DETECTOR_X86)
    uint64_t bits = 0;
    for (int part = 0; part < 4; part++) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * part));
        const __m128i shifted = _mm_sub_epi8(bytes, _mm_set1_epi8(char(first)));
        const __m128i within = _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(char(most))), shifted);
        bits |= uint64_t(uint32_t(_mm_movemask_epi8(within))) << (16 * part);
    }
    return bits;
#elif defined(DETECTOR_NEON)
    const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t weight = vld1q_u8(weights);
    uint8x16_t within[4];
    for (int part = 0; part < 4; part++) {
        const uint8x16_t shifted = vsubq_u8(vld1q_u8(at + 16 * part), vdupq_n_u8(first));
        within[part] = vandq_u8(vcleq_u8(shifted, vdupq_n_u8(most)), weight);
    }
    const uint8x16_t quarters = vpaddq_u8(vpaddq_u8(within[0], within[1]), vpaddq_u8(within[2], within[3]));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(quarters, quarters)), 0);
#else
    uint64_t bits = 0;
    for (int byte = 0; byte < 64; byte++) bits |= uint64_t(uint8_t(at[byte] - first) <= most) << byte;
    return bits;
#endif
}

// 16 sums of int16.
struct ShortSums {
#if defined(__AVX2__)
    __m256i sums = _mm256_setzero_si256();
    DETECTOR_INLINE void add(const int8_t* row) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
        sums = _mm256_add_epi16(sums, _mm256_cvtepi8_epi16(bytes));
    }
    DETECTOR_INLINE void store(int16_t* out) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), sums); }
#elif defined(DETECTOR_X86)
    __m128i low = _mm_setzero_si128(), high = _mm_setzero_si128();
    DETECTOR_INLINE void add(const int8_t* row) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
        low = _mm_add_epi16(low, _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8));
        high = _mm_add_epi16(high, _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8));
    }
    DETECTOR_INLINE void store(int16_t* out) const {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), low);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 8), high);
    }
#elif defined(DETECTOR_NEON)
    int16x8_t low = vdupq_n_s16(0), high = vdupq_n_s16(0);
    DETECTOR_INLINE void add(const int8_t* row) {
        const int8x16_t bytes = vld1q_s8(row);
        low = vaddw_s8(low, vget_low_s8(bytes));
        high = vaddw_s8(high, vget_high_s8(bytes));
    }
    DETECTOR_INLINE void store(int16_t* out) const {
        vst1q_s16(out, low);
        vst1q_s16(out + 8, high);
    }
#else
    int16_t sums[16] = {};
    DETECTOR_INLINE void add(const int8_t* row) {
        for (int column = 0; column < 16; column++) sums[column] = int16_t(sums[column] + row[column]);
    }
    DETECTOR_INLINE void store(int16_t* out) const { std::memcpy(out, sums, sizeof sums); }
#endif
};

// 16 sums of products of pairs of int16, as int32. `pair` holds two inputs, `weights` 16 pairs of weights. `add_to` adds
// the sums, each times a factor, to 16 values.
struct Products {
#if defined(__AVX512BW__)
    __m512i sums = _mm512_setzero_si512();
    DETECTOR_INLINE void add(int32_t pair, const int16_t* weights) {
        sums = _mm512_dpwssd_epi32(sums, _mm512_set1_epi32(pair), _mm512_loadu_si512(weights));
    }
    DETECTOR_INLINE void add_to(float* out, const float* factors) const {
        const __m512 products = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_loadu_ps(factors));
        _mm512_storeu_ps(out, _mm512_add_ps(_mm512_loadu_ps(out), products));
    }
#elif defined(__AVX2__)
    __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();
    DETECTOR_INLINE void add(int32_t pair, const int16_t* weights) {
        const __m256i inputs = _mm256_set1_epi32(pair);
        const __m256i* const both = reinterpret_cast<const __m256i*>(weights);
        low = _mm256_add_epi32(low, _mm256_madd_epi16(inputs, _mm256_loadu_si256(both)));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(inputs, _mm256_loadu_si256(both + 1)));
    }
    DETECTOR_INLINE void add_to(float* out, const float* factors) const {
        const __m256 first = _mm256_mul_ps(_mm256_cvtepi32_ps(low), _mm256_loadu_ps(factors));
        const __m256 second = _mm256_mul_ps(_mm256_cvtepi32_ps(high), _mm256_loadu_ps(factors + 8));
        _mm256_storeu_ps(out, _mm256_add_ps(_mm256_loadu_ps(out), first));
        _mm256_storeu_ps(out + 8, _mm256_add_ps(_mm256_loadu_ps(out + 8), second));
    }
#elif defined(DETECTOR_X86)
    __m128i sums[4] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    DETECTOR_INLINE void add(int32_t pair, const int16_t* weights) {
        const __m128i inputs = _mm_set1_epi32(pair);
        const __m128i* const parts = reinterpret_cast<const __m128i*>(weights);
        for (int part = 0; part < 4; part++) {
            sums[part] = _mm_add_epi32(sums[part], _mm_madd_epi16(inputs, _mm_loadu_si128(parts + part)));
        }
    }
    DETECTOR_INLINE void add_to(float* out, const float* factors) const {
        for (int part = 0; part < 4; part++) {
            const __m128 products = _mm_mul_ps(_mm_cvtepi32_ps(sums[part]), _mm_loadu_ps(factors + 4 * part));
            _mm_storeu_ps(out + 4 * part, _mm_add_ps(_mm_loadu_ps(out + 4 * part), products));
        }
    }
#elif defined(DETECTOR_NEON)
    int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    DETECTOR_INLINE void add(int32_t pair, const int16_t* weights) {
        const int16_t first = int16_t(pair), second = int16_t(pair >> 16);
        for (int part = 0; part < 2; part++) {
            const int16x8x2_t both = vld2q_s16(weights + 16 * part);
            int32x4_t *low = sums + 2 * part, *high = low + 1;
            *low = vmlal_n_s16(vmlal_n_s16(*low, vget_low_s16(both.val[0]), first), vget_low_s16(both.val[1]), second);
            *high = vmlal_n_s16(vmlal_n_s16(*high, vget_high_s16(both.val[0]), first), vget_high_s16(both.val[1]), second);
        }
    }
    DETECTOR_INLINE void add_to(float* out, const float* factors) const {
        for (int part = 0; part < 4; part++) {
            const float32x4_t products = vmulq_f32(vcvtq_f32_s32(sums[part]), vld1q_f32(factors + 4 * part));
            vst1q_f32(out + 4 * part, vaddq_f32(vld1q_f32(out + 4 * part), products));
        }
    }
#else
    int32_t sums[16] = {};
    DETECTOR_INLINE void add(int32_t pair, const int16_t* weights) {
        const int32_t first = int16_t(pair), second = int16_t(pair >> 16);
        for (int output = 0; output < 16; output++) {
            sums[output] += first * weights[2 * output] + second * weights[2 * output + 1];
        }
    }
    DETECTOR_INLINE void add_to(float* out, const float* factors) const {
        for (int at = 0; at < 16; at++) out[at] = out[at] + float(sums[at]) * factors[at];
    }
#endif
};

}  // namespace detector::DETECTOR_LEVEL
