"""Two instructions that numba has no name for: the lowest set bit, and fetching ahead."""

from __future__ import annotations

from typing import Any

from .compiled import HAS_NUMBA


def _lowest_bit(mask: int) -> int:
    """Number of the lowest set bit of `mask` > 0."""
    return (mask & -mask).bit_length() - 1


def _fetch_ahead(rows: Any, row: int) -> None:
    """Tells the memory that `row` of an array is wanted soon: nothing without numba."""


def _make() -> tuple[Any, Any]:
    if not HAS_NUMBA:
        return _lowest_bit, _fetch_ahead
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    @intrinsic
    def lowest_bit(typing: Any, mask: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.cttz(arguments[0], ir.IntType(1)(1))

        return types.int64(types.int64), generate

    @intrinsic
    def fetch_ahead(typing: Any, rows: Any, row: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, value=arguments[0])
            stride = cgutils.unpack_tuple(builder, array.strides, signature.args[0].ndim)[0]
            byte = ir.IntType(8).as_pointer()
            start = builder.ptrtoint(array.data, ir.IntType(64))
            start = builder.add(start, builder.mul(stride, arguments[1]))
            flag = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
            call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            with cgutils.for_range_slice(
                builder, ir.IntType(64)(0), stride, ir.IntType(64)(64), inc=True
            ) as (offset, _):
                place = builder.inttoptr(builder.add(start, offset), byte)
                builder.call(call, [place, flag(0), flag(3), flag(1)])
            return context.get_dummy_value()

        return types.void(rows, types.int64), generate

    return lowest_bit, fetch_ahead


lowest_bit, fetch_ahead = _make()
