using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using CsCheck;
using FleetEstimator.Paging;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Fuzzing;

/// <summary>
/// The reader of traces. What it accepts must be what was encoded (where rows were) or what <see cref="ReferenceArrowFile"/> reads too (where bytes were changed), and
/// keep the rules as <see cref="NaiveTraceRules"/> know them; what these know to be right must be accepted.
/// </summary>
internal sealed class TraceSubject : FuzzSubject
{
    private const uint PagesCounted = 2000;

    private static readonly TraceLimits Limits = new() { RowsMax = 10_000, BatchBytesMax = 1 << 20, FileBytesMax = 1 << 20, MappingsMax = 1000 };

    // Metadata values that are none, or strange, or right but not as this program writes them.
    private static readonly string[] Values =
    [
        "", " ", "0", "-1", "1", "01", "4096", "8192", "4097", "1e3", "1.5", "0.5", "1e-300", "1e999", "NaN", "Infinity", "-0", "9223372036854775807", "9223372036854775808", "\0", "ä", "💥",
        "2025-01-31T23:59:59Z", "2025-13-31T23:59:59Z", "2025-01-31T23:59:59.123456789123+01:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00", "page-content-trace", "content-known",
        "access-only", new('x', 5000), "+1", "１２",
    ];

    private static readonly (byte[] Bytes, ReferenceArrowFile File)[] Corpus = [.. Files().Select(bytes => (bytes, ReferenceArrowFile.Read(bytes)))];

    public override string Name => "the trace reader";

    // Columns of 10,000 rows, a batch after decompression, what decoders keep (LZ4 has blocks of up to 4 MiB), the file, messages.
    public override long AllocatedBytesMax => (10_000 * 36) + (1 << 20) + (8 << 20);

    public override FuzzInput Next(Random random) => random.Next(20) switch
    {
        < 5 => Encoded(random),
        < 7 => Metadata(random),
        < 12 => Changed("places and lengths changed", random, Structure),
        < 14 => Changed("batches moved", random, Batches),
        < 16 => Changed("bodies changed", random, Bodies),
        < 18 => Changed("bytes changed", random, (bytes, _, chance) => ByteMutations.Apply(bytes, chance)),
        _ => Changed("spliced", random, (bytes, _, chance) => ByteMutations.Splice(bytes, Corpus[chance.Next(Corpus.Length)].Bytes, chance)),
    };

    private static Trace? Read(byte[] bytes)
    {
        try
        {
            return TraceReader.Load("fuzzed.arrow", bytes, Limits);
        }
        catch (TraceException exception) when (exception.Message.Contains("fuzzed.arrow", StringComparison.Ordinal))
        {
            return null;
        }
    }

    /// <summary>Rows, some of which may break a rule or lie at a boundary, in a file as another program might write it: columns in any order and others beside them.</summary>
    private static FuzzInput Encoded(Random random)
    {
        var rows = TraceRowGenerators.Rows.Generate(new PCG((uint)random.Next(), (ulong)random.NextInt64()), null, out _);
        if (rows.Length > 0 && random.Next(2) == 0)
            rows[random.Next(rows.Length)] = Boundary(rows[random.Next(rows.Length)], random);
        rows = [.. rows.Select(Countable)];
        var rules = new NaiveTraceRules();
        if (random.Next(2) == 0)
            rows = [.. rows.Where(row => rules.Take(row.TimeMicroseconds, row.Operation))];
        var keepsRules = new NaiveTraceRules();
        var isValid = rows.All(row => keepsRules.Take(row.TimeMicroseconds, row.Operation));
        var file = Shuffled(random);
        var bytes = random.Next(3) == 0 && rows.Length > 1 ? file.Write(rows[..(rows.Length / 2)], rows[(rows.Length / 2)..]) : file.Write(rows);
        return new(isValid ? "right rows encoded" : "wrong rows encoded", bytes, Read, answer =>
        {
            Assert.Equal(isValid, answer is not null);
            if (answer is Trace trace)
                Assert.Equal(rows, RowsOf(trace));
        });
    }

    private static TraceRow Boundary(TraceRow row, Random random)
    {
        var operation = row.Operation;
        return random.Next(6) switch
        {
            0 => row with { TimeMicroseconds = (ulong)ByteMutations.Number(random) },
            1 => row with { Operation = operation with { Kind = (OperationKind)ByteMutations.Number(random) } },
            2 => row with { Operation = operation with { Page = (ulong)ByteMutations.Number(random) } },
            3 => row with { Operation = operation with { Pages = (uint)ByteMutations.Number(random) } },
            4 => row with { Operation = operation with { Content = (PageContent)ByteMutations.Number(random) } },
            _ => row with { Operation = operation with { Process = (uint)ByteMutations.Number(random) } },
        };
    }

    // The naive rules count pages one by one.
    private static TraceRow Countable(TraceRow row) => row.Operation is { Pages: > PagesCounted } operation && operation.Page < NaiveTraceRules.AddressSpacePages - operation.Pages
        ? row with { Operation = operation with { Pages = PagesCounted } }
        : row;

    private static ArrowTraceFile Shuffled(Random random)
    {
        var file = new ArrowTraceFile
        {
            Compression = new CompressionCodecType?[] { null, CompressionCodecType.Lz4Frame, CompressionCodecType.Zstd }[random.Next(3)],
            LegacyFormat = random.Next(4) == 0,
        };
        if (random.Next(3) == 0)
            file.Columns.Insert(0, new("text", StringType.Default, Strings));
        if (random.Next(2) == 0)
        {
            var shuffled = file.Columns.ToArray();
            random.Shuffle(shuffled);
            file.Columns.Clear();
            file.Columns.AddRange(shuffled);
        }

        return file;
    }

    private static FuzzInput Metadata(Random random)
    {
        var file = new ArrowTraceFile();
        var key = file.Metadata.Keys.Concat(["label.x", "label.capability", "other"]).ElementAt(random.Next(file.Metadata.Count + 3));
        var value = Values[random.Next(Values.Length)];
        if (random.Next(10) == 0)
            file.Metadata.Remove(key);
        else
            file.Metadata[key] = value;
        return new("metadata changed", file.Write([Row(0, OperationKind.Map, 1, 0, 5)]), Read, answer =>
        {
            if (answer is not Trace trace)
                return;
            // Whatever was understood means the same when it is written again.
            var again = TraceMetadata.Read(TraceMetadata.Write(trace.Header), "again");
            Assert.Equivalent(trace.Header, again);
            if (long.TryParse(value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) && key is "memory_bytes" or "swap_bytes" or "interval_us")
                Assert.Contains(number, new[] { trace.Header.MemoryBytes, trace.Header.SwapBytes, trace.Header.IntervalMicroseconds });
        });
    }

    /// <summary>A file of which bytes were changed: what is accepted the reference reads, too, and it keeps the rules.</summary>
    private static FuzzInput Changed(string how, Random random, Func<byte[], ReferenceArrowFile, Random, byte[]> change)
    {
        var (original, file) = Corpus[random.Next(Corpus.Length)];
        var bytes = change((byte[])original.Clone(), file, random);
        return new(how, bytes, Read, answer =>
        {
            if (answer is not Trace trace)
                return;
            var rows = RowsOf(trace);
            var rules = new NaiveTraceRules();
            if (trace.Header.PageSize == 4096 && rows.All(row => row.Operation.Pages <= PagesCounted))
                Assert.All(rows, row => Assert.True(rules.Take(row.TimeMicroseconds, row.Operation)));
            if (SecondReading(bytes) is { } second)
                Assert.Equal(second, rows);
        });
    }

    // Null where a foreign column has become of a type of which the second reader does not know how many buffers it has.
    private static TraceRow[]? SecondReading(byte[] bytes)
    {
        try
        {
            return ReferenceArrowFile.Read(bytes).Rows;
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    private static byte[] Structure(byte[] bytes, ReferenceArrowFile file, Random random)
    {
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var (offset, width) = file.Structure[random.Next(file.Structure.Count)];
            ByteMutations.Overwrite(bytes.AsSpan(offset, width), random);
        }

        return bytes;
    }

    private static byte[] Batches(byte[] bytes, ReferenceArrowFile file, Random random)
    {
        const int block = 24;
        var (offset, count) = file.Blocks;
        var (from, to) = (offset + (block * random.Next(count)), offset + (block * random.Next(count)));
        var moved = bytes.AsSpan(from, block).ToArray();
        if (random.Next(2) == 0)
            bytes.AsSpan(to, block).CopyTo(bytes.AsSpan(from));
        moved.CopyTo(bytes.AsSpan(to));
        if (random.Next(3) == 0)
            BitConverter.TryWriteBytes(bytes.AsSpan(offset - 4), random.Next(count + 2));
        return bytes;
    }

    // Values, and what compressed ones claim: how long they are decoded, and in what frames.
    private static byte[] Bodies(byte[] bytes, ReferenceArrowFile file, Random random)
    {
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var (offset, width) = file.Bodies[random.Next(file.Bodies.Count)];
            if (width == 0)
                continue;
            var at = offset + (random.Next(3) == 0 ? 0 : random.Next(Math.Min(width, 40)));
            ByteMutations.Overwrite(bytes.AsSpan(at, Math.Min(new[] { 1, 4, 8 }[random.Next(3)], offset + width - at)), random);
        }

        return bytes;
    }

    private static TraceRow[] RowsOf(Trace trace) => [.. Enumerable.Range(0, trace.RowCount).Select(trace.Row)];

    private static IEnumerable<byte[]> Files()
    {
        TraceRow[] rows =
        [
            Row(0, OperationKind.Map, 1, 100, 50), Row(0, OperationKind.Map, 1, 200, 5),
            .. Enumerable.Range(1, 36).Select(time => Row((ulong)time, OperationKind.Write, 1, 100 + (ulong)time, 7, PageContent.Data, (ulong)time)),
            Row(40, OperationKind.Fork, 1, 2, 1), Row(41, OperationKind.Exit, 1, 0, 1),
        ];
        foreach (var compression in (CompressionCodecType?[])[null, CompressionCodecType.Lz4Frame, CompressionCodecType.Zstd])
        {
            yield return new ArrowTraceFile { Compression = compression }.Write(rows);
            yield return new ArrowTraceFile { Compression = compression }.Write(rows[..3], rows[3..30], rows[30..]);
            yield return new ArrowTraceFile { Compression = compression, LegacyFormat = true }.Write(rows[..20], rows[20..]);
            var foreign = new ArrowTraceFile { Compression = compression };
            var dictionary = new DictionaryType(Int8Type.Default, StringType.Default, ordered: false);
            foreign.Columns.Insert(0, new("text", StringType.Default, Strings));
            foreign.Columns.Insert(
                2, new("view", StringViewType.Default, batch => new StringViewArray.Builder().AppendRange(batch.Select(row => $"{row}")).Build()));
            foreign.Columns.Insert(4, new("word", dictionary, batch => new DictionaryArray(
                dictionary, new Int8Array.Builder().AppendRange(batch.Select(_ => (sbyte)0)).Build(), Strings(batch[..1]))));
            yield return foreign.Write(rows);
        }
    }

    private static StringArray Strings(TraceRow[] rows) => new StringArray.Builder().AppendRange(rows.Select(row => $"{row}")).Build();
}
