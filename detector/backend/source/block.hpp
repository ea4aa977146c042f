// Sixteen numbers at once, in the vector registers of a level. The operations are those of single numbers.

#pragma once

#include "vectors.hpp"

namespace detector::DETECTOR_LEVEL {

constexpr int BLOCK = 16;

#if defined(__AVX512BW__)

struct Register {
    static constexpr int NUMBER = 1;
    using Floats = __m512;
    static DETECTOR_INLINE Floats load(const float* at) { return _mm512_loadu_ps(at); }
    static DETECTOR_INLINE void store(Floats a, float* at) { _mm512_storeu_ps(at, a); }
    static DETECTOR_INLINE Floats all(float value) { return _mm512_set1_ps(value); }
    static DETECTOR_INLINE Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
    static DETECTOR_INLINE Floats subtract(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
    static DETECTOR_INLINE Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
    static DETECTOR_INLINE Floats divide(Floats a, Floats b) { return _mm512_div_ps(a, b); }
    static DETECTOR_INLINE Floats smaller(Floats a, Floats b) { return _mm512_min_ps(a, b); }
    static DETECTOR_INLINE Floats larger(Floats a, Floats b) { return _mm512_max_ps(a, b); }
    static DETECTOR_INLINE Floats power_of_two(Floats a) {
        const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(a), _mm512_set1_epi32(127));
        return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
    }
    static DETECTOR_INLINE Floats load_steps(const int16_t* at) {
        const __m256i steps = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(steps));
    }
    static DETECTOR_INLINE void store_steps(const Floats* a, int16_t* at) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(a[0])));
    }
};

#elif defined(__AVX2__)

struct Register {
    static constexpr int NUMBER = 2;
    using Floats = __m256;
    static DETECTOR_INLINE Floats load(const float* at) { return _mm256_loadu_ps(at); }
    static DETECTOR_INLINE void store(Floats a, float* at) { _mm256_storeu_ps(at, a); }
    static DETECTOR_INLINE Floats all(float value) { return _mm256_set1_ps(value); }
    static DETECTOR_INLINE Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
    static DETECTOR_INLINE Floats subtract(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
    static DETECTOR_INLINE Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
    static DETECTOR_INLINE Floats divide(Floats a, Floats b) { return _mm256_div_ps(a, b); }
    static DETECTOR_INLINE Floats smaller(Floats a, Floats b) { return _mm256_min_ps(a, b); }
    static DETECTOR_INLINE Floats larger(Floats a, Floats b) { return _mm256_max_ps(a, b); }
    static DETECTOR_INLINE Floats power_of_two(Floats a) {
        const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(a), _mm256_set1_epi32(127));
        return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
    }
    static DETECTOR_INLINE Floats load_steps(const int16_t* at) {
        const __m128i steps = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(steps));
    }
    static DETECTOR_INLINE void store_steps(const Floats* a, int16_t* at) {
        const __m256i both = _mm256_packs_epi32(_mm256_cvtps_epi32(a[0]), _mm256_cvtps_epi32(a[1]));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm256_permute4x64_epi64(both, 0xD8));
    }
};

#elif defined(DETECTOR_X86)

struct Register {
    static constexpr int NUMBER = 4;
    using Floats = __m128;
    static DETECTOR_INLINE Floats load(const float* at) { return _mm_loadu_ps(at); }
    static DETECTOR_INLINE void store(Floats a, float* at) { _mm_storeu_ps(at, a); }
    static DETECTOR_INLINE Floats all(float value) { return _mm_set1_ps(value); }
    static DETECTOR_INLINE Floats add(Floats a, Floats b) { return _mm_add_ps(a, b); }
    static DETECTOR_INLINE Floats subtract(Floats a, Floats b) { return _mm_sub_ps(a, b); }
    static DETECTOR_INLINE Floats multiply(Floats a, Floats b) { return _mm_mul_ps(a, b); }
    static DETECTOR_INLINE Floats divide(Floats a, Floats b) { return _mm_div_ps(a, b); }
    static DETECTOR_INLINE Floats smaller(Floats a, Floats b) { return _mm_min_ps(a, b); }
    static DETECTOR_INLINE Floats larger(Floats a, Floats b) { return _mm_max_ps(a, b); }
    static DETECTOR_INLINE Floats power_of_two(Floats a) {
        return _mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(_mm_cvtps_epi32(a), _mm_set1_epi32(127)), 23));
    }
    static DETECTOR_INLINE Floats load_steps(const int16_t* at) {
        const __m128i steps = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
        return _mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpacklo_epi16(steps, steps), 16));
    }
    static DETECTOR_INLINE void store_steps(const Floats* a, int16_t* at) {
        for (int half = 0; half < 2; half++) {
            const __m128i low = _mm_cvtps_epi32(a[2 * half]), high = _mm_cvtps_epi32(a[2 * half + 1]);
            _mm_storeu_si128(reinterpret_cast<__m128i*>(at) + half, _mm_packs_epi32(low, high));
        }
    }
};

#elif defined(DETECTOR_NEON)

struct Register {
    static constexpr int NUMBER = 4;
    using Floats = float32x4_t;
    static DETECTOR_INLINE Floats load(const float* at) { return vld1q_f32(at); }
    static DETECTOR_INLINE void store(Floats a, float* at) { vst1q_f32(at, a); }
    static DETECTOR_INLINE Floats all(float value) { return vdupq_n_f32(value); }
    static DETECTOR_INLINE Floats add(Floats a, Floats b) { return vaddq_f32(a, b); }
    static DETECTOR_INLINE Floats subtract(Floats a, Floats b) { return vsubq_f32(a, b); }
    static DETECTOR_INLINE Floats multiply(Floats a, Floats b) { return vmulq_f32(a, b); }
    static DETECTOR_INLINE Floats divide(Floats a, Floats b) { return vdivq_f32(a, b); }
    static DETECTOR_INLINE Floats smaller(Floats a, Floats b) { return vminq_f32(a, b); }
    static DETECTOR_INLINE Floats larger(Floats a, Floats b) { return vmaxq_f32(a, b); }
    static DETECTOR_INLINE Floats power_of_two(Floats a) {
        return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(a), vdupq_n_s32(127)), 23));
    }
    static DETECTOR_INLINE Floats load_steps(const int16_t* at) { return vcvtq_f32_s32(vmovl_s16(vld1_s16(at))); }
    static DETECTOR_INLINE void store_steps(const Floats* a, int16_t* at) {
        for (int part = 0; part < 4; part++) vst1_s16(at + 4 * part, vqmovn_s32(vcvtnq_s32_f32(a[part])));
    }
};

#else

struct Register {
    static constexpr int NUMBER = 16;
    using Floats = float;
    static DETECTOR_INLINE Floats load(const float* at) { return *at; }
    static DETECTOR_INLINE void store(Floats a, float* at) { *at = a; }
    static DETECTOR_INLINE Floats all(float value) { return value; }
    static DETECTOR_INLINE Floats add(Floats a, Floats b) { return a + b; }
    static DETECTOR_INLINE Floats subtract(Floats a, Floats b) { return a - b; }
    static DETECTOR_INLINE Floats multiply(Floats a, Floats b) { return a * b; }
    static DETECTOR_INLINE Floats divide(Floats a, Floats b) { return a / b; }
    static DETECTOR_INLINE Floats smaller(Floats a, Floats b) { return b < a ? b : a; }
    static DETECTOR_INLINE Floats larger(Floats a, Floats b) { return a < b ? b : a; }
    static DETECTOR_INLINE Floats power_of_two(Floats a) {
        const int32_t bits = (int32_t(a) + 127) * (1 << 23);
        std::memcpy(&a, &bits, sizeof a);
        return a;
    }
    static DETECTOR_INLINE Floats load_steps(const int16_t* at) { return float(*at); }
    static DETECTOR_INLINE void store_steps(const Floats* a, int16_t* at) {
        constexpr float shift = float(3 << 22);  // rounds as the instructions of other levels do
        for (int one = 0; one < BLOCK; one++) at[one] = int16_t((a[one] + shift) - shift);
    }
};

#endif

struct Block {
    static constexpr int PER_REGISTER = BLOCK / Register::NUMBER;
    Register::Floats part[Register::NUMBER];

    DETECTOR_INLINE Block() {}
    DETECTOR_INLINE Block(float value) {  // NOLINT: a number stands for sixteen of it
        for (auto& each : part) each = Register::all(value);
    }
    static DETECTOR_INLINE Block load(const float* at) {
        Block out;
        for (int one = 0; one < Register::NUMBER; one++) out.part[one] = Register::load(at + one * PER_REGISTER);
        return out;
    }
    static DETECTOR_INLINE Block load_steps(const int16_t* at) {
        Block out;
        for (int one = 0; one < Register::NUMBER; one++) out.part[one] = Register::load_steps(at + one * PER_REGISTER);
        return out;
    }
    DETECTOR_INLINE void store(float* at) const {
        for (int one = 0; one < Register::NUMBER; one++) Register::store(part[one], at + one * PER_REGISTER);
    }
    // Store values as whole numbers, rounded to the nearest one, to the even one of two.
    DETECTOR_INLINE void store_steps(int16_t* at) const { Register::store_steps(part, at); }
};

template <Register::Floats Operation(Register::Floats, Register::Floats)>
DETECTOR_INLINE Block each_of(const Block& a, const Block& b) {
    Block out;
    for (int one = 0; one < Register::NUMBER; one++) out.part[one] = Operation(a.part[one], b.part[one]);
    return out;
}

DETECTOR_INLINE Block operator+(const Block& a, const Block& b) { return each_of<Register::add>(a, b); }
DETECTOR_INLINE Block operator-(const Block& a, const Block& b) { return each_of<Register::subtract>(a, b); }
DETECTOR_INLINE Block operator*(const Block& a, const Block& b) { return each_of<Register::multiply>(a, b); }
DETECTOR_INLINE Block operator/(const Block& a, const Block& b) { return each_of<Register::divide>(a, b); }
DETECTOR_INLINE Block smaller(const Block& a, const Block& b) { return each_of<Register::smaller>(a, b); }
DETECTOR_INLINE Block larger(const Block& a, const Block& b) { return each_of<Register::larger>(a, b); }

// 2 to the power of whole numbers from -127 to 127; zero for -127.
DETECTOR_INLINE Block power_of_two(const Block& exponent) {
    Block out;
    for (int one = 0; one < Register::NUMBER; one++) out.part[one] = Register::power_of_two(exponent.part[one]);
    return out;
}

}  // namespace detector::DETECTOR_LEVEL
