"""The exponential and the logarithm, the same to the last bit on every machine.

``np.exp`` and ``np.log`` differ in their last bits between processors and between versions of NumPy. Here, every step
is an operation that IEEE 754 rounds exactly (addition, multiplication, division, rounding to a whole number), or one on
bits. The method is the usual one (Muller, "Elementary Functions", 2016): the argument is reduced to a small interval
around zero, where a polynomial suffices. The coefficients are those of the Taylor series.
"""

from __future__ import annotations

import math

import numpy as np

from detector.util.arrays import Floats

# ln 2 in two parts: a whole number below 2**8 times the first, which has 15 bits, is exact in float32.
_LN2_BITS = 15
LN2_HIGH = np.float32(math.floor(math.log(2) * 2**_LN2_BITS) / 2**_LN2_BITS)
LN2_LOW = np.float32(math.log(2) - float(LN2_HIGH))
PER_LN2 = np.float32(1 / math.log(2))
# From the highest power down. On the interval from -ln 2 / 2 to ln 2 / 2, the next term is below 6e-9.
EXP_TERMS = tuple(np.float32(1 / math.factorial(power)) for power in range(7, -1, -1))
EXP_MIN, EXP_MAX = np.float32(-88), np.float32(88)
MANTISSA_BITS, EXPONENT_BIAS = 23, 127  # of float32; an exponent of -127 gives the bits of zero

# artanh(s) = s + s**3 / 3 + s**5 / 5 + ...; for mantissas between sqrt(1/2) and sqrt(2), the next term is below 3e-11.
_LOG_TERMS = tuple(2 / power for power in range(13, 0, -2))
_LN2 = math.log(2)


def exponential(values: Floats) -> Floats:
    """The exponential of each value, float32, in place: within 1.5 units in the last place of the true one.

    Values below -88 become 0, values above 88 count as 88.
    """
    np.clip(values, EXP_MIN, EXP_MAX, out=values)
    exponent = values * PER_LN2
    np.rint(exponent, out=exponent)
    values -= exponent * LN2_HIGH
    values -= exponent * LN2_LOW
    powers = values * EXP_TERMS[0]
    for term in EXP_TERMS[1:-1]:
        powers += term
        powers *= values
    powers += EXP_TERMS[-1]
    bits = exponent.astype(np.int32)
    bits += np.int32(EXPONENT_BIAS)
    bits <<= np.int32(MANTISSA_BITS)
    np.multiply(powers, bits.view(np.float32), out=values)
    return values


def logarithm(values: Floats) -> Floats:
    """The natural logarithm of each value, float32: the one nearest to the true one, but for one in a million.

    The values are positive, finite and not subnormal.
    """
    mantissa, exponent = np.frexp(values.astype(np.float64))  # from 1/2 to 1; exact
    small = mantissa < math.sqrt(0.5)
    mantissa = np.where(small, 2 * mantissa, mantissa)
    ratio = (mantissa - 1) / (mantissa + 1)
    square = ratio * ratio
    series = np.full_like(ratio, _LOG_TERMS[0])
    for term in _LOG_TERMS[1:]:
        series = series * square + term
    result: Floats = (series * ratio + (exponent - small) * _LN2).astype(np.float32)
    return result
