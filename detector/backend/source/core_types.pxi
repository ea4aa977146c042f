# The structures and functions of core.hpp and constants.hpp.

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free


cdef extern from *:
    const char* _SOURCES "DETECTOR_SOURCES"


cdef extern from "constants.hpp" namespace "detector":
    int _FEATURE_VERSION "detector::FEATURE_VERSION"
    int _BUCKET_BITS "detector::BUCKET_BITS"
    int _VECTOR_BITS "detector::VECTOR_BITS"
    int _SHAPES "detector::SHAPES"
    int _DIMENSIONS "detector::DIMENSIONS"
    int _POOLS "detector::POOLS"
    int _SHARED "detector::SHARED"
    int _WINDOWS "detector::WINDOWS"


cdef extern from "core.hpp" namespace "detector":
    struct _CharacterTables "detector::CharacterTables":
        const uint8_t* classes
        const int32_t* lower
        const uint8_t* ascii_classes
        const uint8_t* ascii_folded
        const uint8_t* rest

    struct _Lines "detector::Lines":
        uint8_t* classes
        uint8_t* folded
        int64_t* document
        int64_t* start
        int64_t* end
        int64_t* char_start
        int64_t* char_end
        uint8_t* after_blank

    struct _Batch "detector::Batch":
        const uint8_t* classes
        const uint8_t* folded
        const int64_t* start
        const int64_t* end
        const int64_t* char_start
        const int64_t* char_end
        const int64_t* bounds
        int64_t documents
        const float* evidence

    struct _Table "detector::Table":
        const int8_t* values
        int64_t stride
        int width

    struct _Rank "detector::Rank":
        uint64_t bits
        uint64_t before

    struct _Vectors "detector::Vectors":
        const _Rank* ranks
        const uint32_t* fingerprints
        _Table table
        int64_t words

    struct _Matrix "detector::Matrix":
        const int16_t* weights
        const float* factors
        int inputs
        int outputs

    struct _Convolution "detector::Convolution":
        _Matrix to_next
        _Matrix own
        _Matrix to_previous
        const float* bias

    int _CONVOLUTIONS "detector::CONVOLUTIONS"

    struct _Network "detector::Network":
        _Matrix input
        _Matrix peaks
        _Matrix means
        _Matrix mix_hidden
        _Matrix mix_pools
        _Matrix output_hidden
        _Matrix output_own
        const float* input_bias
        const float* peaks_bias
        const float* means_bias
        const float* mix_bias
        const float* output_bias
        _Convolution* convolutions
        int hidden
        int pool

    struct _Model "detector::Model":
        int labels
        int kinds
        int inputs
        int networks
        const int64_t* kind_labels
        _Table linear
        const double* scale
        const float* bias
        const uint8_t* idf
        _Vectors vectors
        const float* mean
        const float* factor
        const _Network* network
        const float* calibration

    struct _Scores "detector::Scores":
        float* labels
        float* kinds
        float* familiarity
        float* logits
        float* shapes
        float* repeats
        float* known
        float* embeddings
        float* inputs
        float* network_logits

    struct _Level "detector::Level":
        const char* name
        int64_t (*split_lines)(
            const uint8_t*, int64_t, const int64_t*, int64_t, const _CharacterTables&, _Lines&
        ) except + nogil
        void (*score)(const _Model&, const _Batch&, const _Scores&) except + nogil

    int _padded_width "detector::padded_width" (int)
    void _copy_rows "detector::copy_rows" (const int8_t*, int64_t, int64_t, int64_t, int8_t*) nogil
    void _fill_ranks "detector::fill_ranks" (const uint32_t*, int64_t, _Rank*, int64_t) nogil
    int64_t _count_line_ends "detector::count_line_ends" (const uint8_t*, int64_t) nogil
    const _Level* const* _levels "detector::levels" ()
