// What is compiled once, for every processor: the choice of the level, and memory.

#include "core.hpp"

#include <cstring>
#include <new>

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace detector {

extern const Level level_baseline;
#if defined(DETECTOR_HAS_SSE4)
extern const Level level_sse4;
#endif
#if defined(DETECTOR_HAS_AVX2)
extern const Level level_avx2;
#endif
#if defined(DETECTOR_HAS_AVX512)
extern const Level level_avx512;
#endif

namespace {

#if defined(_MSC_VER) && defined(_M_X64)

// Whether the processor has the instructions, and the operating system saves their registers.
bool has(int leaf, int reg, int bit, unsigned long long state) {
    int registers[4];
    __cpuid(registers, 1);
    if (!(registers[2] & 1 << 27) || (_xgetbv(0) & state) != state) return false;
    __cpuidex(registers, leaf, 0);
    return registers[reg] >> bit & 1;
}

[[maybe_unused]] bool has_avx2() { return has(7, 1, 3, 6) && has(7, 1, 5, 6) && has(7, 1, 8, 6); }
[[maybe_unused]] bool has_avx512() {
    for (const int bit : {16, 17, 30, 31}) {
        if (!has(7, 1, bit, 0xE6)) return false;
    }
    return has(7, 2, 1, 0xE6) && has(7, 2, 6, 0xE6) && has(7, 2, 11, 0xE6);
}

#elif defined(__x86_64__)

[[maybe_unused]] bool has_sse4() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"); }
[[maybe_unused]] bool has_avx2() {
    return has_sse4() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
[[maybe_unused]] bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512vbmi2");
}

#endif

struct Levels {
    const Level* found[5] = {&level_baseline};

    Levels() {
        [[maybe_unused]] int number = 1;
#if defined(DETECTOR_HAS_SSE4)
        if (has_sse4()) found[number++] = &level_sse4;
#endif
#if defined(DETECTOR_HAS_AVX2)
        if (has_avx2()) found[number++] = &level_avx2;
#endif
#if defined(DETECTOR_HAS_AVX512)
        if (has_avx512()) found[number++] = &level_avx512;
#endif
    }
};

constexpr std::align_val_t ALIGNMENT{64};

}  // namespace

const Level* const* levels() {
    static const Levels all;
    return all.found;
}

void copy_rows(const int8_t* values, int64_t rows, int64_t width, int64_t stride, int8_t* out) {
    for (int64_t row = 0; row < rows; row++, values += width, out += stride) {
        std::memcpy(out, values, size_t(width));
        std::memset(out + width, 0, size_t(stride - width));
    }
}

void fill_ranks(const uint32_t* buckets, int64_t number, Rank* ranks, int64_t size) {
    int64_t word = 0;
    for (int64_t rank = 0; rank < size; rank++) {
        ranks[rank] = {0, uint64_t(word)};
        for (; word < number && buckets[word] / 64 == rank; word++) ranks[rank].bits |= uint64_t(1) << buckets[word] % 64;
    }
}

int64_t count_line_ends(const uint8_t* bytes, int64_t size) {
    int64_t total = 0;
    for (int64_t at = 0; at < size;) {
        uint8_t number = 0;  // of at most 255 bytes: it can be summed in narrow vectors
        for (const int64_t stop = size - at < 255 ? size : at + 255; at < stop; at++) {
            number = uint8_t(number + (bytes[at] == '\n') + (bytes[at] == '\r'));
        }
        total += number;
    }
    return total;
}

void* allocate(size_t bytes) { return ::operator new(bytes, ALIGNMENT); }

void release(void* memory) { ::operator delete(memory, ALIGNMENT); }

}  // namespace detector
