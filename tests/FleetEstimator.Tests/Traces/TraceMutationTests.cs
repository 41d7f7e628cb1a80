using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using CsCheck;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

/// <summary>
/// Valid files with a few bytes changed, above all in footers, messages and length prefixes: whatever comes of it, the reader answers with a trace or
/// with a <see cref="TraceException"/>, and takes no more memory than the limits allow.
/// </summary>
public sealed class TraceMutationTests
{
    private const int Mutations = 6000;

    // Columns of 10,000 rows, a batch after decompression, what decoders keep (LZ4 has blocks of up to 4 MiB), the file, messages.
    private const long AllocatedBytesMax = (10_000 * 36) + (1 << 20) + (8 << 20);

    private static readonly TraceLimits Limits = new() { RowsMax = 10_000, BatchBytesMax = 1 << 20, FileBytesMax = 1 << 20, MappingsMax = 1000 };

    private static readonly byte[][] Files = [.. ValidFiles()];

    // Values that have broken readers of lengths and offsets before.
    private static readonly Gen<long> Number = Gen.OneOf(
        Gen.OneOf(
            0L, 1, -1, 2, 7, 8, -8, 64, 127, 255, 256, 1 << 16, 1 << 20, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, long.MaxValue,
            long.MinValue, long.MaxValue - 7, 256 << 20, 1L << 40),
        Gen.Long[-64, 6000],
        Gen.Long);

    // Anywhere but in the letters that begin and end a file, and as often in its last part, where the footer is.
    private static readonly Gen<Func<int, int>> Place = Gen.OneOf(
        Gen.Int[0, 1 << 20].Select<int, Func<int, int>>(any => length => 8 + (any % (length - 32))),
        Gen.Int[6, 1500].Select<int, Func<int, int>>(back => length => Math.Max(8, length - back)));

    private static readonly Gen<Func<byte[], byte[]>> Mutation = Gen.OneOf(
        Gen.Select(Place, Gen.Byte[1, 255], (place, bits) => Change(place, 1, 1, bytes => bytes[0] ^= bits)),
        Gen.Select(Place, Number, (place, value) => Change(place, 4, 4, bytes => BitConverter.TryWriteBytes(bytes, (int)value))),
        Gen.Select(Place, Number, (place, value) => Change(place, 8, 8, bytes => BitConverter.TryWriteBytes(bytes, value))),
        Gen.Select(
            Place,
            Gen.OneOf(-8, -1, 1, 8, 24),
            (place, step) => Change(place, 4, 4, bytes => BitConverter.TryWriteBytes(bytes, BitConverter.ToInt32(bytes) + step))),
        Gen.Select(Place, Place, (from, to) => new Func<byte[], byte[]>(file => Copied(file, from(file.Length), to(file.Length), 8))),
        Gen.Select(Place, Place, (from, to) => new Func<byte[], byte[]>(file => Copied(file, from(file.Length), to(file.Length), 24))),
        Gen.Select(Place, Gen.Int[1, 100], (place, bytes) => new Func<byte[], byte[]>(file => Without(file, place(file.Length), bytes))));

    [Fact]
    public void AnswersWithATraceOrATraceException_AndStaysWithinItsLimits() =>
        Gen.Select(Gen.Int[0, Files.Length - 1], Mutation.Array[1, 4]).Sample(
            (index, mutations) =>
            {
                var file = mutations.Aggregate((byte[])Files[index].Clone(), (bytes, mutation) => mutation(bytes));
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    Assert.InRange(TraceReader.Load("mutated.arrow", file, Limits).RowCount, 0, Limits.RowsMax);
                }
                catch (TraceException exception)
                {
                    Assert.Contains("mutated.arrow", exception.Message, StringComparison.Ordinal);
                }

                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllocatedBytesMax);
            },
            iter: Mutations);

    [Fact]
    public void TheFilesAreValidBeforeTheyAreChanged() =>
        Assert.All(Files, file => Assert.Equal(40, TraceReader.Load("whole.arrow", file, Limits).RowCount));

    private static IEnumerable<byte[]> ValidFiles()
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

    private static Func<byte[], byte[]> Change(Func<int, int> place, int bytes, int alignment, ChangeBytes change) => file =>
    {
        var at = Math.Min(place(file.Length), file.Length - bytes) / alignment * alignment;
        if (at >= 0)
            change(file.AsSpan(at, bytes));
        return file;
    };

    private static byte[] Copied(byte[] file, int from, int to, int bytes)
    {
        bytes = Math.Min(bytes, file.Length - Math.Max(from, to));
        file.AsSpan(from, bytes).CopyTo(file.AsSpan(to));
        return file;
    }

    private static byte[] Without(byte[] file, int at, int bytes) => file.Length < 2000 ? file : [.. file[..at], .. file.Skip(at + bytes)];

    private delegate void ChangeBytes(Span<byte> bytes);
}
