"""Every type that pyarrow has, through a log, into every format, and read again by pyarrow: equal or refused.

The tests of the command (crates/fencepost-cli/tests/it/matrix) say to the letter what has to come out. This one asks a
reader that shares no code with the command, and brings random values along. `cargo xtask matrix` installs pyarrow
into a folder of its own, and runs it.
"""

import decimal
import json
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

# Exact, however many digits.
decimal.getcontext().prec = 200
NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
DAY_NS = 86_400 * 10**9
ROWS = 40
MANY = 10_000


def raw(values, to):
    """Values of a type that Python has no values for, from whole numbers."""
    bits = pa.int32() if to.bit_width == 32 else pa.int64()
    return pa.array(values, bits).view(to)


def cases(rng):
    """Name and column, each of ROWS rows, some of them null."""

    def some(make):
        return [None if rng.random() < 0.2 else make() for _ in range(ROWS)]

    def whole(bits, signed):
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        return some(lambda: rng.choice([low, high, 0, 1, rng.randint(low, high)]))

    def real(code):
        size = struct.calcsize(code)
        def make():
            while True:
                (value,) = struct.unpack(code, rng.randbytes(size))
                if value == value and abs(value) != float("inf"):
                    return rng.choice([value, 0.0, -0.0, 0.1 if code == "<d" else 0.5])
        return some(make)

    def text():
        alphabet = ["a", "ß", "漢", "\U0001f600", '"', ",", "\n", "\r", "\t", " ", "\\", "\x01", "0", "-", "null", "NaN", "\u2028"]
        return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, 6)))

    def octets():
        return rng.randbytes(rng.randint(0, 5))

    def digits(precision, scale):
        number = lambda: rng.randint(-(10**precision) + 1, 10**precision - 1)
        return some(lambda: decimal.Decimal(number()).scaleb(-scale))

    for bits in (8, 16, 32, 64):
        yield f"int{bits}", pa.array(whole(bits, True), getattr(pa, f"int{bits}")())
        yield f"uint{bits}", pa.array(whole(bits, False), getattr(pa, f"uint{bits}")())
    yield "null", pa.nulls(ROWS)
    yield "bool", pa.array(some(lambda: rng.random() < 0.5), pa.bool_())
    yield "float16", pa.array(real("<e"), pa.float16())
    yield "float32", pa.array(real("<f"), pa.float32())
    yield "float64", pa.array(real("<d"), pa.float64())
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        yield str(kind), pa.array(some(text), kind)
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
        yield str(kind), pa.array(some(octets), kind)
    yield "binary[3]", pa.array(some(lambda: rng.randbytes(3)), pa.binary(3))
    yield "decimal32", pa.array(digits(9, 2), pa.decimal32(9, 2))
    yield "decimal64", pa.array(digits(18, 18), pa.decimal64(18, 18))
    yield "decimal128", pa.array(digits(38, 7), pa.decimal128(38, 7))
    yield "decimal256", pa.array(digits(76, 0), pa.decimal256(76, 0))
    yield "decimal below the point", pa.array(digits(6, -2), pa.decimal128(6, -2))
    # Years 1 to 9999, and what Python has no dates for.
    yield "date32", raw(some(lambda: rng.randint(-719_162, 2_932_896)), pa.date32())
    yield "date64", raw(some(lambda: rng.randint(-719_162, 2_932_896) * 86_400_000), pa.date64())
    yield "date32 far off", raw(some(lambda: rng.choice([-(2**31), 2**31 - 1])), pa.date32())
    for unit in NS:
        limit = min(2**62, 253_402_300_799 * 10**9 // NS[unit])
        instants = some(lambda: rng.randint(-limit // 4, limit))
        yield f"timestamp[{unit}]", raw(instants, pa.timestamp(unit))
        for zone in ("UTC", "Europe/Berlin", "-03:30", "America/St_Johns"):
            yield f"timestamp[{unit}, {zone}]", raw(instants, pa.timestamp(unit, zone))
        yield f"timestamp[{unit}] far off", raw(some(lambda: rng.choice([-(2**62), 2**62, 2**63 - 1])), pa.timestamp(unit))
        yield f"duration[{unit}]", raw(some(lambda: rng.randint(-(2**40), 2**40)), pa.duration(unit))
        yield f"duration[{unit}] far off", raw(some(lambda: rng.choice([-(2**63), 2**63 - 1])), pa.duration(unit))
        kind = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
        yield f"time[{unit}]", raw(some(lambda: rng.randint(0, DAY_NS // NS[unit] - 1)), kind)
    yield "interval", pa.array(some(lambda: (rng.randint(-99, 99), rng.randint(-99, 99), rng.randint(-(10**12), 10**12))), pa.month_day_nano_interval())
    words = pa.array([rng.choice([0, 1, 2, None]) for _ in range(ROWS)], pa.int8())
    yield "dictionary with a null", pa.DictionaryArray.from_arrays(words, pa.array(["x", None, ""]))
    yield "dictionary of numbers", pa.DictionaryArray.from_arrays(words, pa.array([2**60, -1, 0]))
    ends = pa.array([10, 20, 30, ROWS], pa.int32())
    yield "runs", pa.RunEndEncodedArray.from_arrays(ends, pa.array(["a", None, "b", ""]))
    small = lambda: some(lambda: rng.randint(-5, 5))[: rng.randint(0, 3)]
    for make in (pa.list_, pa.large_list, pa.list_view, pa.large_list_view):
        kind = make(pa.int16())
        yield str(kind).split("<")[0], pa.array(some(small), kind)
    yield "list of two", pa.array(some(lambda: [rng.randint(0, 9), None]), pa.list_(pa.int8(), 2))
    yield "list of instants", pa.array(some(lambda: [0, -1, None]), pa.list_(pa.timestamp("s")))
    yield "struct", pa.array(some(lambda: {"a": rng.randint(0, 9), "b": rng.choice([None, text()])}), pa.struct([("a", pa.uint8()), ("b", pa.string())]))
    yield "struct in list", pa.array(some(lambda: [{"f": 0.5}, {"f": None}, None]), pa.list_(pa.struct([("f", pa.float32())])))
    yield "map", pa.array(some(lambda: [(text() + str(n), rng.choice([None, n])) for n in range(rng.randint(0, 3))]), pa.map_(pa.string(), pa.int64()))
    yield "map of numbers", pa.array(some(lambda: [(n, "x") for n in range(rng.randint(0, 3))]), pa.map_(pa.int32(), pa.string()))
    kinds = pa.array([n % 2 for n in range(ROWS)], pa.int8())
    parts = [pa.array(range(ROWS), pa.int32()), pa.array(["u"] * ROWS)]
    yield "union", pa.UnionArray.from_sparse(kinds, parts)
    yield "not a number", pa.array([float("nan"), float("inf")] * (ROWS // 2), pa.float64())
    yield "nothing", pa.array([{}] * ROWS, pa.struct([]))


def shapes():
    """Types whose slices keep values of other rows, with more rows than an entry holds."""
    texts = [None if n % 9 == 4 else f"{n:0>900}" for n in range(MANY)]
    views = pa.array(texts, pa.string_view())
    turned = pa.array(range(MANY - 1, -1, -1), pa.int32())
    kinds = pa.array([n % 2 for n in range(MANY)], pa.int8())
    halves = [pa.array(range(MANY), pa.int64()), views]
    yield "many views", views
    yield "many views in a struct", pa.StructArray.from_arrays([views], ["a"])
    yield "many list views", pa.array([[n, n + 1, None] * 30 for n in range(MANY)], pa.list_view(pa.int64()))
    yield "many in a dense union", pa.UnionArray.from_dense(kinds, turned, halves)
    yield "many words", pa.DictionaryArray.from_arrays(turned, pa.array(texts))
    yield "one long word", pa.DictionaryArray.from_arrays(pa.array([0, None] * 100, pa.int32()), pa.array(["x" * 200_000]))
    yield "many runs", pa.RunEndEncodedArray.from_arrays(pa.array(range(1, MANY + 1), pa.int32()), views)


# What a format may refuse, and has to: whatever is refused and not here is a fault as well.
FAR_IN_TEXT = {f"{kind}[{unit}] far off" for kind in ("timestamp", "duration") for unit in NS} | {"date32 far off"}
FAR_IN_TEXT -= {"timestamp[ns] far off", "duration[us] far off", "duration[ns] far off"}
NESTED = {"list", "large_list", "list_view", "large_list_view", "list of two", "list of instants", "struct", "struct in list", "map", "map of numbers", "nothing"}
NESTED |= {"many views in a struct", "many list views"}
REFUSED = {
    "arrow": set(),
    "parquet": {"union", "many in a dense union", "interval", "decimal below the point", "nothing", "timestamp[s] far off"},
    "ndjson": FAR_IN_TEXT | {"union", "many in a dense union", "map of numbers", "not a number"},
    "csv": FAR_IN_TEXT | NESTED | {"union", "many in a dense union"},
}


def plain(scalar):
    """A value with nothing of its layout: numbers, texts, octets, lists. Times are in nanoseconds."""
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind) or pa.types.is_union(kind):
        value = scalar.value if not pa.types.is_run_end_encoded(kind) else scalar.as_py()
        return plain(value) if isinstance(value, pa.Scalar) else value
    if pa.types.is_floating(kind):
        return bits_of(scalar.as_py(), kind)
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind) or pa.types.is_time(kind):
        return scalar.value * NS[kind.unit]
    if pa.types.is_date32(kind):
        return scalar.value * DAY_NS
    if pa.types.is_date64(kind):
        return scalar.value * 10**6
    if pa.types.is_struct(kind):
        return {field.name: plain(scalar[field.name]) for field in kind}
    if pa.types.is_map(kind):
        return [(plain(entry[0]), plain(entry[1])) for entry in scalar.values_pairs] if hasattr(scalar, "values_pairs") else scalar.as_py()
    if is_list(kind):
        return [plain(value) for value in scalar.values]
    if pa.types.is_interval(kind):
        return tuple(scalar.as_py())
    return scalar.as_py()


def is_list(kind):
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_list_view, pa.types.is_large_list_view)
    return any(test(kind) for test in tests)


def bits_of(value, kind):
    code = {16: "<e", 32: "<f", 64: "<d"}[kind.bit_width]
    return "NaN" if value != value else struct.pack(code, value).hex()


def from_text(text, kind):
    """What a value in NDJSON or CSV says, as `plain` would have it."""
    if text is None:
        return None
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return from_text(text, kind.value_type)
    if pa.types.is_floating(kind):
        return bits_of(float(text), kind)
    if pa.types.is_boolean(kind):
        return text if isinstance(text, bool) else {"true": True, "false": False}[text]
    if pa.types.is_integer(kind):
        return int(text)
    if pa.types.is_decimal(kind):
        return decimal.Decimal(text)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        if pa.types.is_timestamp(kind):
            assert (kind.tz is None) == (re.search(r"(Z|[+-]\d\d:\d\d)$", text[11:]) is None), text
        return instant(text)
    if pa.types.is_time(kind):
        return clock(text)
    if pa.types.is_duration(kind):
        return duration(text)
    if pa.types.is_interval(kind):
        return interval(text)
    if pa.types.is_struct(kind):
        return {field.name: from_text(text[field.name], field.type) for field in kind}
    if pa.types.is_map(kind):
        return [(key, from_text(value, kind.item_type)) for key, value in text.items()]
    if is_list(kind):
        return [from_text(value, kind.value_type) for value in text]
    if any(test(kind) for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)):
        return bytes.fromhex(text)
    return text


def instant(text):
    found = re.fullmatch(r"([+-]?\d+)-(\d\d)-(\d\d)(?:T([\d:.]+)(Z|[+-]\d\d:\d\d)?)?", text)
    year, month, day, time, zone = found.groups()
    days = days_from_civil(int(year), int(month), int(day))
    offset = 0
    if zone and zone != "Z":
        hours, minutes = zone[1:].split(":")
        offset = (int(hours) * 60 + int(minutes)) * 60 * 10**9 * (1 if zone[0] == "+" else -1)
    return days * DAY_NS + (clock(time) if time else 0) - offset


def clock(text):
    whole, _, fraction = text.partition(".")
    parts = [int(part) for part in whole.split(":")] + [0]
    return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 10**9 + int(fraction.ljust(9, "0") or 0)


def duration(text):
    found = re.fullmatch(r"(-?)P(?:0D|T(\d+)(?:\.(\d+))?S)", text)
    sign, seconds, fraction = found.groups()
    value = int(seconds or 0) * 10**9 + int((fraction or "").ljust(9, "0"))
    return -value if sign else value


def interval(text):
    total = {"mons": 0, "days": 0, "ns": 0}
    for number, unit in re.findall(r"(-?[\d.]+) (mons|days|hours|mins|secs)", text):
        if unit in ("mons", "days"):
            total[unit] += int(number)
        else:
            scale = {"hours": 3600, "mins": 60, "secs": 1}[unit]
            total["ns"] += int(decimal.Decimal(number) * scale * 10**9)
    return (total["mons"], total["days"], total["ns"])


def days_from_civil(year, month, day):
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for any year."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def written(table, form, path):
    """The table as a file of this form; nothing where pyarrow cannot write it."""
    try:
        if form == "parquet":
            pa.parquet.write_table(table, path)
        elif form == "int96":
            # As Spark writes them: without a word about Arrow's types.
            if not pa.types.is_timestamp(table["v"].type):
                return None
            pa.parquet.write_table(table, path, use_deprecated_int96_timestamps=True, store_schema=False)
            return pa.parquet.read_table(path, coerce_int96_timestamp_unit="ns" if table["v"].type.unit == "ns" else "us")
        else:
            new = pa.ipc.new_stream if form == "stream" else pa.ipc.new_file
            with new(path, table.schema) as writer:
                writer.write_table(table)
    except (pa.ArrowException, NotImplementedError, OSError):
        return None
    return table if form != "parquet" else pa.parquet.read_table(path)


def column_of(output, form, kind):
    """The column `v` of what was printed, and the ids beside it."""
    if form in ("arrow", "parquet"):
        if form == "arrow":
            table = pa.ipc.open_stream(output).read_all()
        else:
            table = pa.parquet.read_table(pa.BufferReader(output))
        return table["id"].to_pylist(), [plain(value) for value in table["v"]]
    if form == "ndjson":
        # A decimal is not to become a double on its way.
        rows = [json.loads(line, parse_float=str) for line in output.decode().split("\n")[:-1]]
        return [row["id"] for row in rows], [from_text(row["v"], kind) for row in rows]
    parse = pa.csv.ParseOptions(newlines_in_values=True)
    convert = pa.csv.ConvertOptions(
        column_types={"id": pa.int64(), "v": pa.string()},
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    table = pa.csv.read_csv(pa.BufferReader(output), parse_options=parse, convert_options=convert)
    return table["id"].to_pylist(), [from_text(value, kind) for value in table["v"].to_pylist()]


def main():
    program, seed = sys.argv[1], int(sys.argv[2])
    counts = {"equal": 0, "refused": 0, "different": 0}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, column) in enumerate([*cases(random.Random(seed)), *shapes()]):
            for form in ("stream", "file", "parquet", "int96"):
                # pyarrow's writer has no days for what is further off than any calendar.
                if form == "int96" and name.endswith("far off"):
                    continue
                at = Path(folder) / f"{number}-{form}"
                given = pa.table({"id": pa.array(range(len(column)), pa.int64()), "v": column})
                table = written(given, form, str(at))
                if table is None:
                    continue
                for what, fault in through_a_log(program, name, form, table, at):
                    counts[what] += 1
                    if fault:
                        print(f"{name}, in as {form}, {fault}")
    print(", ".join(f"{count} {what}" for what, count in counts.items()), f"(pyarrow {pa.__version__}, seed {seed})")
    # A matrix that refuses everything would be right as well.
    sys.exit(counts["different"] > 0 or counts["equal"] < 500)


def through_a_log(program, name, form, table, at):
    log = f"{at}.log"
    command = [program, "append", log, "--from", str(at), "--format", "arrow" if form in ("stream", "file") else "parquet"]
    appended = subprocess.run(command, capture_output=True)
    if appended.returncode == 3 and form == "parquet":
        yield "refused", None
        return
    if appended.returncode != 0:
        yield "different", f"append ended with {appended.returncode}: {appended.stderr.decode()}"
        return
    given, kept = at.stat().st_size, sum(file.stat().st_size for file in Path(log).rglob("*") if file.is_file())
    if form in ("stream", "file") and kept > 2 * given + 2**20:
        yield "different", f"{given} bytes became {kept} bytes of log"
    kind = table["v"].type
    expected = [plain(value) for value in table["v"]]
    for to in ("arrow", "parquet", "ndjson", "csv"):
        told = subprocess.run([program, "tail", log, "--format", to], capture_output=True)
        # Parquet gives some columns another type on the way in, which may then be carried.
        may = name in REFUSED[to] and form in ("stream", "file")
        if told.returncode == 9 and (name in REFUSED[to]):
            yield "refused", None
            continue
        if told.returncode != 0 or may:
            yield "different", f"out as {to}: ended with {told.returncode}: {told.stderr.decode()[:300]}"
            continue
        try:
            ids, found = column_of(told.stdout, to, kind)
        except Exception as error:  # Whatever pyarrow cannot read is a fault of ours.
            yield "different", f"out as {to}: {error!r}"
            continue
        if ids != list(range(len(table))) or found != expected:
            wrong = next(((a, b) for a, b in zip(expected, found) if a != b), (len(expected), len(found)))
            yield "different", f"out as {to}: {wrong[0]!r} became {wrong[1]!r}"
        else:
            yield "equal", None


main()
