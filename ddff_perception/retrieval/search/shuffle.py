"""Sums of 4-bit table look-ups over a block of 32 codes, by the processor's byte shuffle.

A block holds 32 codes of M sub-quantizers as M / 2 rows of 32 bytes; byte v of row r holds number
2 r of code v in its low half and number 2 r + 1 in its high half. Two rows are a group: 64 bytes
that one 64-byte shuffle looks up, with the tables laid out alike (`four_bit.query_tables`).
Table entries stay below 64, so that four of them add up in a byte.

numba does not find the shuffle by itself, so it is given as LLVM code: for AVX-512, AVX2, SSSE3 or
NEON, whichever the processor has. Every other machine takes the plain loop, and gets the same sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiled import HAS_NUMBA, compiled

BLOCK = 32
ENTRY_LIMIT = 63
# What one instruction looks up, in bytes, by the feature that a processor needs for it.
_SHUFFLES = {
    "avx512bw": (64, "llvm.x86.avx512.pshuf.b.512"),
    "avx2": (32, "llvm.x86.avx2.pshuf.b"),
    "ssse3": (16, "llvm.x86.ssse3.pshuf.b.128"),
    "neon": (16, "llvm.aarch64.neon.tbl1.v16i8"),
}


@compiled
def block_sums_plain(
    codes: NDArray[np.uint8],
    block: int,
    tables: NDArray[np.uint8],
    threshold: int,
    sums: NDArray[np.uint16],
) -> int:
    """Fills `sums` (32,) of one `block` of `codes` (blocks, M / 2, 32) without a shuffle.

    `tables`: (M / 4, 2, 64) uint8, per group the tables of its low and of its high halves. Returns
    32 bits, bit v set where the sum of code v is below `threshold`.
    """
    sums[:] = 0
    for row in range(codes.shape[1]):
        low = tables[row >> 1, 0, 32 * (row & 1) :]
        high = tables[row >> 1, 1, 32 * (row & 1) :]
        for v in range(BLOCK):
            code = codes[block, row, v]
            sums[v] += np.uint16(low[code & 15]) + np.uint16(high[code >> 4])
    mask = 0
    for v in range(BLOCK):
        mask |= int(sums[v] < threshold) << v
    return mask


def block_sums_numpy(codes: NDArray[np.uint8], tables: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The same of many blocks at once, (blocks, 32) uint16: where there is no numba."""
    groups = tables.shape[0]
    lanes = tables.reshape(groups, 2, 4, 16)[:, :, ::2]
    rows = lanes.transpose(0, 2, 1, 3).reshape(2 * groups, 2, 16)
    found = np.zeros((codes.shape[0], BLOCK), np.uint16)
    for row in range(codes.shape[1]):
        found += rows[row, 0].astype(np.uint16)[codes[:, row] & 15]
        found += rows[row, 1].astype(np.uint16)[codes[:, row] >> 4]
    return found


def shuffle_of_this_machine() -> str:
    """The feature whose shuffle is used: a key of `_SHUFFLES`, or "" for the plain loop."""
    if not HAS_NUMBA:
        return ""
    import llvmlite.binding as llvm
    from numba.core import config

    if config.CPU_FEATURES is not None:
        found = {name[1:] for name in config.CPU_FEATURES.split(",") if name.startswith("+")}
    elif config.CPU_NAME not in (None, "host"):
        found = set()
    else:
        found = {name for name, there in llvm.get_host_cpu_features().items() if there}
    return next((name for name in _SHUFFLES if name in found), "")


def _make_block_sums() -> Any:
    """The compiled `block_sums` of this machine, with the arguments of `block_sums_plain`."""
    feature = shuffle_of_this_machine()
    if not feature:
        return block_sums_plain
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def shuffled(
        typing: Any, codes: Any, block: Any, tables: Any, threshold: Any, sums: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return _emit_sums(context, builder, signature.args, arguments, _SHUFFLES[feature])

        kinds = (codes, types.int64, tables, types.int64, sums)
        return types.int64(*kinds), generate

    @compiled
    def block_sums(
        codes: NDArray[np.uint8],
        block: int,
        tables: NDArray[np.uint8],
        threshold: int,
        sums: NDArray[np.uint16],
    ) -> int:
        mask: int = shuffled(codes, block, tables, threshold, sums)
        return mask

    return block_sums


def _emit_sums(
    context: Any, builder: Any, kinds: Any, arguments: Any, shuffle: tuple[int, str]
) -> Any:
    """LLVM code of one block: groups in pairs add up in bytes, pairs in 16 bits."""
    from llvmlite import ir
    from numba.core import cgutils

    bytes_64, words = ir.VectorType(ir.IntType(8), 64), ir.VectorType(ir.IntType(16), 32)
    codes, tables, sums = (
        context.make_array(kinds[i])(context, builder, value=arguments[i]) for i in (0, 2, 4)
    )
    index = ir.IntType(64)
    groups = cgutils.unpack_tuple(builder, tables.shape, 3)[0]
    size = builder.mul(groups, ir.Constant(index, 64))
    start = builder.gep(codes.data, [builder.mul(arguments[1], size)])
    even = cgutils.alloca_once_value(builder, ir.Constant(words, None))
    odd = cgutils.alloca_once_value(builder, ir.Constant(words, None))

    def loaded(base: Any, offset: Any, number: int) -> Any:
        place = builder.gep(base, [builder.add(offset, ir.Constant(index, number))])
        return builder.load(builder.bitcast(place, bytes_64.as_pointer()), align=1)

    def looked_up(group: Any) -> Any:
        packed = loaded(start, builder.mul(group, ir.Constant(index, 64)), 0)
        row = builder.mul(group, ir.Constant(index, 128))
        low = builder.and_(packed, ir.Constant(bytes_64, [15] * 64))
        high = builder.lshr(packed, ir.Constant(bytes_64, [4] * 64))
        first = _emit_shuffle(builder, loaded(tables.data, row, 0), low, shuffle)
        return builder.add(
            first, _emit_shuffle(builder, loaded(tables.data, row, 64), high, shuffle)
        )

    def add_up(found: Any) -> None:
        wide = builder.bitcast(found, words)
        low = builder.and_(wide, ir.Constant(words, [255] * 32))
        high = builder.lshr(wide, ir.Constant(words, [8] * 32))
        builder.store(builder.add(builder.load(even), low), even)
        builder.store(builder.add(builder.load(odd), high), odd)

    two = ir.Constant(index, 2)
    with cgutils.for_range(builder, builder.udiv(groups, two)) as loop:
        first = builder.mul(loop.index, two)
        second = builder.add(first, ir.Constant(index, 1))
        add_up(builder.add(looked_up(first), looked_up(second)))
    with builder.if_then(builder.trunc(groups, ir.IntType(1))):
        add_up(looked_up(builder.sub(groups, ir.Constant(index, 1))))
    found = _emit_interleaved(builder, builder.load(even), builder.load(odd))
    builder.store(found, builder.bitcast(sums.data, words.as_pointer()), align=2)
    return _emit_mask(builder, found, arguments[3])


def _emit_shuffle(builder: Any, table: Any, places: Any, shuffle: tuple[int, str]) -> Any:
    """64 look-ups: as many instructions of `shuffle` as they take."""
    from llvmlite import ir

    width, name = shuffle
    kind = ir.VectorType(ir.IntType(8), width)
    call = builder.module.declare_intrinsic(name, fnty=ir.FunctionType(kind, [kind, kind]))
    parts = []
    for start in range(0, 64, width):
        mask = ir.Constant(ir.VectorType(ir.IntType(32), width), list(range(start, start + width)))
        cut = [builder.shuffle_vector(v, v, mask) for v in (table, places)]
        parts.append(builder.call(call, cut))
    while len(parts) > 1:
        width *= 2
        mask = ir.Constant(ir.VectorType(ir.IntType(32), width), list(range(width)))
        parts = [
            builder.shuffle_vector(a, b, mask) for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
    return parts[0]


def _emit_interleaved(builder: Any, even: Any, odd: Any) -> Any:
    """Adds the two rows of the groups: 32 sums in the order of the codes."""
    from llvmlite import ir

    kind = ir.IntType(32)
    halves = [ir.Constant(ir.VectorType(kind, 16), list(range(n, n + 16))) for n in (0, 16)]
    both = []
    for half in (even, odd):
        cut = [builder.shuffle_vector(half, half, mask) for mask in halves]
        both.append(builder.add(*cut))
    order = [n // 2 + 16 * (n % 2) for n in range(32)]
    return builder.shuffle_vector(*both, ir.Constant(ir.VectorType(kind, 32), order))


def _emit_mask(builder: Any, sums: Any, threshold: Any) -> Any:
    """A bit per sum that is below the threshold, as a 64-bit number."""
    from llvmlite import ir

    word, kind = ir.IntType(16), ir.VectorType(ir.IntType(32), 32)
    one = builder.insert_element(
        ir.Constant(sums.type, ir.Undefined), builder.trunc(threshold, word), ir.IntType(32)(0)
    )
    same = builder.shuffle_vector(one, one, ir.Constant(kind, [0] * 32))
    below = builder.icmp_unsigned("<", sums, same)
    return builder.zext(builder.bitcast(below, ir.IntType(32)), ir.IntType(64))


block_sums = _make_block_sums()
