"""A numba type for eight floats handled at once, with the few operations that the kernels need.

The compiler's own vectoriser misses most of the solver's loops (short, carried from shell to shell); with an explicit
vector type each operation is one instruction on wide machines and two or four on narrower ones. Arrays are passed as
the addresses of their data: loads and stores do no bounds checks, no wraparound of negative indices and no reference
counting. Additions and multiplications may be fused, but never re-associated.
"""

import operator

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

WIDTH = 8
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
# functions compiled into their caller: not cached, and not callable from Python
INNER = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
INLINE = {**INNER, "forceinline": True}  # small and called for every row
_F64, _I64 = ir.DoubleType(), ir.IntType(64)
_VECTOR, _BITS = ir.VectorType(_F64, WIDTH), ir.VectorType(_I64, WIDTH)


class Vector(types.Type):
    """The numba type of eight floats."""

    def __init__(self):
        super().__init__(name="Vector8")


vector = Vector()


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        super().__init__(manager, fe_type, _VECTOR)


def _splat(builder, value):
    if value.type == _VECTOR:
        return value
    first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, ir.Constant(_VECTOR, ir.Undefined), zeros)


def _integers(value):
    return ir.Constant(_BITS, [value] * WIDTH)


def _floats(value):
    return ir.Constant(_VECTOR, [value] * WIDTH)


def _declare(function, name):
    operation = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv"}[function]
    kinds = ((vector, vector), (vector, types.float64), (types.float64, vector))

    class Operation(ConcreteTemplate):
        cases = [signature(vector, *kind) for kind in kinds]  # noqa: RUF012

    infer_global(function)(Operation)

    def lower(context, builder, sig, args):
        a, b = (_splat(builder, value) for value in args)
        return getattr(builder, operation)(a, b, flags=("contract",))

    for kind in kinds:
        lower_builtin(function, *kind)(lower)


for _function in (operator.add, operator.sub, operator.mul, operator.truediv):
    _declare(_function, _function.__name__)


@intrinsic
def address(typingctx, array):
    """Where an array's data begin, as an integer: unlike an array it costs no reference counting when passed on."""

    def codegen(context, builder, sig, args):
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, _I64)

    return types.int64(array), codegen


def _pointer(builder, begin, index, kind):
    at = builder.add(begin, builder.shl(index, ir.Constant(_I64, 3)))
    return builder.inttoptr(at, kind.as_pointer())


def _reader(kind, result, align):
    @intrinsic
    def read(typingctx, begin, index):
        def codegen(context, builder, sig, args):
            return builder.load(_pointer(builder, *args, kind), align=align)

        return result(types.int64, types.int64), codegen

    return read


def _writer(kind, taken, align):
    @intrinsic
    def write(typingctx, begin, index, value):
        def codegen(context, builder, sig, args):
            builder.store(args[2], _pointer(builder, *args[:2], kind), align=align)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, taken), codegen

    return write


# by the address of an array's data and an index into it: eight floats, one float, one integer
load, store = _reader(_VECTOR, vector, 8), _writer(_VECTOR, vector, 8)
get, put = _reader(_F64, types.float64, 8), _writer(_F64, types.float64, 8)
get_integer = _reader(_I64, types.int64, 8)


@intrinsic
def splat(typingctx, value):
    """The same float eight times."""

    def codegen(context, builder, sig, args):
        return _splat(builder, args[0])

    return vector(types.float64), codegen


@intrinsic
def total(typingctx, value):
    """The sum of the eight, pairwise."""

    def codegen(context, builder, sig, args):
        parts = [builder.extract_element(args[0], ir.Constant(ir.IntType(32), i)) for i in range(WIDTH)]
        while len(parts) > 1:
            parts = [builder.fadd(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    return types.float64(vector), codegen


@intrinsic
def least(typingctx, value):
    """The smallest of the eight."""

    def codegen(context, builder, sig, args):
        parts = [builder.extract_element(args[0], ir.Constant(ir.IntType(32), i)) for i in range(WIDTH)]
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=True)
            parts = [builder.select(builder.fcmp_ordered("<", a, b), a, b) for a, b in pairs]
        return parts[0]

    return types.float64(vector), codegen


def _unary(name):
    @intrinsic
    def function(typingctx, value):
        def codegen(context, builder, sig, args):
            kind = ir.FunctionType(_VECTOR, [_VECTOR])
            return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v8f64"), args)

        return vector(vector), codegen

    return function


root, absolute = _unary("sqrt"), _unary("fabs")


@intrinsic
def where_less(typingctx, a, b, then, otherwise):
    """then where a < b, else otherwise."""

    def codegen(context, builder, sig, args):
        a, b, then, otherwise = args
        return builder.select(builder.fcmp_ordered("<", a, b), then, otherwise)

    return vector(vector, vector, vector, vector), codegen


@intrinsic
def _times_power_of_two(typingctx, value, shifted):
    """value * 2**n, n in the low bits of shifted."""

    def codegen(context, builder, sig, args):
        n = builder.shl(builder.bitcast(args[1], _BITS), _integers(52))
        return builder.bitcast(builder.add(builder.bitcast(args[0], _BITS), n), _VECTOR)

    return vector(vector, vector), codegen


@intrinsic
def _mantissa(typingctx, value):
    """In [0.5, 1)."""

    def codegen(context, builder, sig, args):
        bits = builder.and_(builder.bitcast(args[0], _BITS), _integers(0x000FFFFFFFFFFFFF))
        return builder.bitcast(builder.or_(bits, _integers(0x3FE0000000000000)), _VECTOR)

    return vector(vector), codegen


@intrinsic
def _exponent(typingctx, value):
    """value = mantissa * 2**exponent, for positive normal floats."""

    def codegen(context, builder, sig, args):
        bits = builder.lshr(builder.bitcast(args[0], _BITS), _integers(52))
        whole = builder.bitcast(builder.or_(bits, _integers(0x4330000000000000)), _VECTOR)  # 2**52 + bits
        return builder.fsub(whole, _floats(4503599627370496.0 + 1022.0))

    return vector(vector), codegen


@njit(**INLINE)
def exponential(x):
    """exp(x) to 1e-14; below -690 and above 690 its value there."""
    x = where_less(x, splat(-690.0), splat(-690.0), x)
    x = where_less(splat(690.0), x, splat(690.0), x)
    shifted = x * 1.4426950408889634 + 6755399441055744.0  # adding 1.5 * 2**52 rounds to an integer in the low bits
    n = shifted - 6755399441055744.0
    r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10
    s = r * r
    # Estrin's scheme for the Taylor series to r^11: short chains
    a = (r + 1.0) + s * (r * 1.6666666666666666e-01 + 0.5)
    b = (r * 8.3333333333333332e-03 + 4.1666666666666664e-02) + s * (
        r * 1.9841269841269841e-04 + 1.3888888888888889e-03
    )
    c = (r * 2.7557319223985893e-06 + 2.4801587301587302e-05) + s * (
        r * 2.5052108385441720e-08 + 2.7557319223985888e-07
    )
    q = s * s
    return _times_power_of_two(a + q * (b + q * c), shifted)


@njit(**INLINE)
def logarithm(x):
    """ln(x) for positive normal floats."""
    mantissa, exponent = _mantissa(x), _exponent(x)
    half = splat(0.7071067811865476)
    exponent = where_less(mantissa, half, exponent - 1.0, exponent)
    mantissa = where_less(mantissa, half, mantissa + mantissa, mantissa)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    w = z * z
    a = (z * (1.0 / 5.0) + 1.0 / 3.0) + w * (z * (1.0 / 9.0) + 1.0 / 7.0)
    b = (z * (1.0 / 13.0) + 1.0 / 11.0) + w * (z * (1.0 / 17.0) + 1.0 / 15.0)
    c = z * (1.0 / 21.0) + 1.0 / 19.0
    q = w * w
    p = a + q * (b + q * c)
    return exponent * 0.6931471803691238 + (2.0 * s + (2.0 * s * z * p + exponent * 1.9082149292705877e-10))
