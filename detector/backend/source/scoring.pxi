# The binding of the kernels: checks that the arrays fit each other, and calls a level's functions without the GIL.
#
# The arrays are those of the C++ structures in core.hpp; `detector.backend.compiled` makes them.

SOURCES = _SOURCES.decode()
FEATURE_VERSION = _FEATURE_VERSION
PADDING = 64  # bytes that are read beyond the end of a paragraph

cdef const _Level* _find_level(str name) except NULL:
    cdef const _Level* const* each = _levels()
    while each[0] != NULL:
        if each[0].name.decode() == name:
            return each[0]
        each += 1
    raise ValueError(f"level {name!r}: this module or this processor does not have it; it has {levels()}")


def levels():
    """The names of the levels that this processor can run, from the lowest to the highest."""
    cdef const _Level* const* each = _levels()
    names = []
    while each[0] != NULL:
        names.append(each[0].name.decode())
        each += 1
    return tuple(names)


def padded_width(width):
    """The number of bytes that are read of each row of a table with so many columns."""
    return _padded_width(width)


def count_line_ends(const uint8_t[::1] buffer):
    """The number of line feeds and carriage returns in a buffer that is not empty."""
    cdef int64_t number, size = len(buffer)
    with nogil:
        number = _count_line_ends(&buffer[0], size)
    return number


cdef object _check(bint fits, str what):
    if not fits:
        raise ValueError(f"{what} of the wrong size")


def copy_rows(const int8_t[:, ::1] values, int8_t[:, ::1] out):
    """Copy the rows of a table, of which there is at least one, to the beginnings of the rows of a wider one."""
    cdef int64_t rows = values.shape[0], width = values.shape[1], stride = out.shape[1]
    _check(0 < rows == out.shape[0] and 0 < width <= stride, "a table")
    with nogil:
        _copy_rows(&values[0, 0], rows, width, stride, &out[0, 0])


def fill_ranks(const uint32_t[::1] buckets, uint64_t[:, ::1] ranks):
    """Fill in the ranks of buckets: a bit for each of 64 buckets that is there, and how many there are before them.

    The buckets are in order, all different, and below 64 times the number of ranks.
    """
    cdef int64_t number = len(buckets), size = ranks.shape[0], at
    _check(size > 0 and ranks.shape[1] == 2, "ranks")
    for at in range(1, number):
        if buckets[at - 1] >= buckets[at]:
            raise ValueError("buckets that are not in order")
    _check(not number or buckets[number - 1] < 64 * size, "ranks")
    with nogil:
        _fill_ranks(&buckets[0] if number else NULL, number, <_Rank*> &ranks[0, 0], size)


cdef class CharacterTables:
    """The tables of `detector.text.characters`."""

    cdef _CharacterTables tables
    cdef object _arrays

    def __init__(
        self, const uint8_t[::1] classes, const int32_t[::1] lower, const uint8_t[::1] ascii_classes,
        const uint8_t[::1] ascii_folded, const uint8_t[::1] rest,
    ):
        _check(len(classes) == len(lower) == 0x10001, "tables of code points")
        _check(len(ascii_classes) == len(ascii_folded) == 256 and len(rest) == 24, "tables of bytes")
        self._arrays = classes, lower, ascii_classes, ascii_folded, rest
        self.tables.classes = &classes[0]
        self.tables.lower = &lower[0]
        self.tables.ascii_classes = &ascii_classes[0]
        self.tables.ascii_folded = &ascii_folded[0]
        self.tables.rest = &rest[0]


def split_lines(
    str level, const uint8_t[::1] buffer, const int64_t[::1] origin, CharacterTables tables not None, uint8_t[::1] classes,
    uint8_t[::1] folded, int64_t[:, ::1] columns, uint8_t[::1] after_blank,
):
    """Fill in the arrays of `detector.text.paragraphs.Lines`; returns the number of lines.

    ``columns`` has one row each for document, start, end, char_start and char_end, with as many entries as there are
    line ends.
    """
    cdef const _Level* kernels = _find_level(level)
    cdef _Lines out
    cdef int64_t number, size = len(buffer), most = columns.shape[1], origins = len(origin)
    _check(len(classes) == len(folded) == size and size >= PADDING, "classes")
    _check(_count_line_ends(&buffer[size - <int64_t> PADDING], PADDING) == PADDING, "padding")
    _check(columns.shape[0] == 5 and len(after_blank) == most and origins > 0, "lines")
    _check(most >= _count_line_ends(&buffer[0], size), "lines")
    out.classes, out.folded = &classes[0], &folded[0]
    out.document, out.start, out.end = &columns[0, 0], &columns[1, 0], &columns[2, 0]
    out.char_start, out.char_end = &columns[3, 0], &columns[4, 0]
    out.after_blank = &after_blank[0]
    with nogil:
        number = kernels.split_lines(&buffer[0], size, &origin[0], origins, tables.tables, out)
    return number


cdef class Model:
    """The arrays of a `detector.inference.model.Model` as the kernels read them."""

    cdef _Model model
    cdef _Network* _networks
    cdef list _arrays

    def __cinit__(self):
        self._networks = NULL

    def __dealloc__(self):
        free(self._networks)

    def __init__(
        self, const int64_t[::1] kind_labels, const double[::1] scale, const float[::1] bias, const uint8_t[::1] idf,
        const float[:, ::1] calibration, const float[::1] mean, const float[::1] factor, linear, vectors, networks,
    ):
        """``linear`` is a table: its bytes, the width of a row, and the distance of two rows.

        ``vectors`` are the ranks of `VECTOR_BUCKETS` in pairs, fingerprints, and a table. Each of ``networks`` is a
        dictionary of matrices (weights, factors, inputs, outputs) and biases.
        """
        cdef int labels = calibration.shape[1], kinds = len(kind_labels)
        cdef int inputs = kinds + _WINDOWS * (labels + 1) + 4 + 3 * labels + _SHAPES + 1 + _SHARED + 1 + _DIMENSIONS
        self._arrays = [kind_labels, scale, bias, idf, calibration, mean, factor]
        _check(labels > 0 and kinds > 0 and len(scale) == len(bias) == kinds, "arrays of kinds")
        _check(len(idf) == 1 << _BUCKET_BITS and calibration.shape[0] == labels + 1, "idf or calibration")
        _check(all(0 <= label < labels for label in kind_labels), "labels")
        self.model.labels, self.model.kinds, self.model.inputs = labels, kinds, inputs
        self.model.kind_labels = &kind_labels[0]
        self.model.scale, self.model.bias, self.model.idf = &scale[0], &bias[0], &idf[0]
        self.model.calibration = &calibration[0, 0]
        self.model.linear = self._table(linear, 1 << _BUCKET_BITS, kinds)
        self._set_vectors(vectors[0], vectors[1], vectors[2])
        self.model.networks = len(networks)
        if not networks:
            return
        _check(len(mean) == len(factor) == (inputs + 15) // 16 * 16, "means and factors of the inputs")
        self.model.mean, self.model.factor = &mean[0], &factor[0]
        self._networks = <_Network*> calloc(len(networks), sizeof(_Network))
        if self._networks == NULL:
            raise MemoryError
        for number, arrays in enumerate(networks):
            self._set_network(&self._networks[number], arrays)
        self.model.network = self._networks

    cdef _Table _table(self, table, int64_t rows, int width) except *:
        cdef const int8_t[::1] values = table[0]
        cdef _Table out
        out.width, out.stride = table[1], table[2]
        _check(out.width == width and out.stride >= width, "rows of a table")
        _check(len(values) >= (rows - 1) * out.stride + _padded_width(width), "a table")
        out.values = &values[0]
        self._arrays.append(values)
        return out

    cdef object _set_vectors(self, const uint64_t[:, ::1] ranks, const uint32_t[::1] fingerprints, table):
        cdef int64_t words = len(fingerprints) - 1
        _check(ranks.shape[0] == (1 << _VECTOR_BITS) // 64 and ranks.shape[1] == 2 and words >= 0, "ranks of words")
        last = ranks[ranks.shape[0] - 1, 0]
        _check(ranks[ranks.shape[0] - 1, 1] + last.bit_count() == words, "fingerprints of words")
        self._arrays += [ranks, fingerprints]
        self.model.vectors.ranks = <const _Rank*> &ranks[0, 0]
        self.model.vectors.fingerprints = &fingerprints[0]
        self.model.vectors.words = words
        self.model.vectors.table = self._table(table, max(words, 1), _DIMENSIONS)

    cdef _Matrix _matrix(self, matrix, int inputs, int outputs) except *:
        cdef const int16_t[::1] weights = matrix[0]
        cdef const float[::1] factors = matrix[1]
        cdef _Matrix out
        out.inputs, out.outputs = matrix[2], matrix[3]
        rows, columns = (inputs + 1) // 2 * 2, (outputs + 15) // 16 * 16
        _check(out.inputs == inputs and out.outputs == outputs and inputs > 0 and outputs > 0, "a layer")
        _check(len(weights) == rows * columns and len(factors) == columns, "weights")
        out.weights, out.factors = &weights[0], &factors[0]
        self._arrays += [weights, factors]
        return out

    cdef const float* _bias(self, const float[::1] bias, int outputs) except NULL:
        _check(len(bias) == (outputs + 15) // 16 * 16, "a bias")
        self._arrays.append(bias)
        return &bias[0]

    cdef object _set_network(self, _Network* out, dict arrays):
        cdef int hidden = arrays["hidden"], pool = arrays["pool"], kinds = self.model.kinds
        out.hidden, out.pool = hidden, pool
        out.input = self._matrix(arrays["input"], self.model.inputs, hidden)
        out.peaks = self._matrix(arrays["peaks"], hidden, pool)
        out.means = self._matrix(arrays["means"], hidden, pool)
        out.mix_hidden = self._matrix(arrays["mix_hidden"], hidden, hidden)
        out.mix_pools = self._matrix(arrays["mix_pools"], _POOLS * ((pool + 15) // 16 * 16), hidden)
        out.output_hidden = self._matrix(arrays["output_hidden"], hidden, kinds)
        out.output_own = self._matrix(arrays["output_own"], hidden, kinds)
        out.input_bias = self._bias(arrays["input_bias"], hidden)
        out.peaks_bias = self._bias(arrays["peaks_bias"], pool)
        out.means_bias = self._bias(arrays["means_bias"], pool)
        out.mix_bias = self._bias(arrays["mix_bias"], hidden)
        out.output_bias = self._bias(arrays["output_bias"], kinds)
        _check(len(arrays["convolutions"]) == _CONVOLUTIONS, "convolutions")
        for number, (to_next, own, to_previous, bias) in enumerate(arrays["convolutions"]):
            out.convolutions[number].to_next = self._matrix(to_next, hidden, hidden)
            out.convolutions[number].own = self._matrix(own, hidden, hidden)
            out.convolutions[number].to_previous = self._matrix(to_previous, hidden, hidden)
            out.convolutions[number].bias = self._bias(bias, hidden)


cdef float* _rows(object array, int64_t rows, int64_t columns) except? NULL:
    """The data of an array of so many rows and columns; NULL for None, and for no rows."""
    cdef float[:, ::1] values
    if array is None or not rows:
        return NULL
    values = array
    _check(values.shape[0] == rows and values.shape[1] == columns, "scores")
    return &values[0, 0]


def score(
    str level, Model model not None, const uint8_t[::1] classes, const uint8_t[::1] folded, const int64_t[::1] start,
    const int64_t[::1] end, const int64_t[::1] char_start, const int64_t[::1] char_end, const int64_t[::1] bounds,
    labels, kinds, familiarity, dict intermediate=None, const float[:, ::1] evidence=None,
):
    """Fill in ``labels``, ``kinds`` and ``familiarity``, the arrays of `detector.inference.predict.Scores`.

    ``evidence``, ``(paragraphs, kinds)``, is added to the logits of the linear model.
    ``intermediate`` names further arrays to fill in, one row per paragraph: logits, shapes, repeats, known, embeddings,
    inputs, network_logits.
    """
    cdef const _Level* kernels = _find_level(level)
    cdef _Batch batch
    cdef _Scores out
    cdef int64_t rows = len(start), documents = len(bounds) - 1, size = len(classes), row
    _check(len(folded) == size and documents >= 0, "classes")
    _check(len(end) == len(char_start) == len(char_end) == rows, "paragraphs")
    _check(bounds[0] == 0 and bounds[documents] == rows, "bounds")
    _check(labels is not None and kinds is not None and familiarity is not None, "scores")
    for row in range(rows):
        if not 8 <= start[row] <= end[row] <= size - PADDING:
            raise ValueError("a paragraph is not in the buffer")
    for row in range(documents):
        if not 0 <= bounds[row] <= bounds[row + 1] <= rows:
            raise ValueError("bounds that are not in order")
    given = intermediate or {}
    out.labels, out.kinds = _rows(labels, rows, model.model.labels), _rows(kinds, rows, model.model.kinds)
    out.familiarity = _rows(familiarity, documents, 1)
    out.logits, out.shapes = _rows(given.get("logits"), rows, model.model.kinds), _rows(given.get("shapes"), rows, _SHAPES)
    out.repeats, out.known = _rows(given.get("repeats"), rows, 1), _rows(given.get("known"), rows, 1)
    out.embeddings = _rows(given.get("embeddings"), rows, _DIMENSIONS)
    out.inputs = _rows(given.get("inputs"), rows, model.model.inputs)
    out.network_logits = _rows(given.get("network_logits"), rows, model.model.kinds)
    if not documents:
        return
    batch.bounds, batch.documents = &bounds[0], documents
    batch.classes, batch.folded = &classes[0], &folded[0]
    batch.start = batch.end = batch.char_start = batch.char_end = NULL
    batch.evidence = NULL
    if evidence is not None:
        _check(evidence.shape[0] == rows and evidence.shape[1] == model.model.kinds, "evidence")
    if rows and evidence is not None:
        batch.evidence = &evidence[0, 0]
    if rows:
        batch.start, batch.end = &start[0], &end[0]
        batch.char_start, batch.char_end = &char_start[0], &char_end[0]
    with nogil:
        kernels.score(model.model, batch, out)
