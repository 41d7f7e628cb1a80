using CsCheck;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

public sealed class TraceRoundTripTests : IDisposable
{
    private static readonly Gen<string> Text = Gen.String[Gen.Char.AlphaNumeric, 1, 20].Select(text => $"{text} ü");

    private static readonly Gen<TraceHeader> AnyHeader =
        from power in Gen.Int[12, 20]
        from ticks in Gen.Long[0, DateTime.MaxValue.Ticks - TimeSpan.TicksPerDay]
        from offset in Gen.Int[-14 * 60, 14 * 60]
        from sizes in Gen.Long[0, long.MaxValue].Array[3]
        from fraction in Gen.Double[double.Epsilon, 1]
        from texts in Text.Array[6]
        from labels in Gen.Dictionary(Text, Gen.String)[0, 4]
        select new TraceHeader
        {
            PageSize = 1 << power,
            RecordedAt = new DateTimeOffset(TimeSpan.TicksPerDay + ticks, TimeSpan.Zero).ToOffset(TimeSpan.FromMinutes(offset)),
            Recorder = texts[0],
            KernelRelease = texts[1],
            Node = texts[2],
            MemoryBytes = sizes[0],
            SwapBytes = sizes[1],
            IntervalMicroseconds = sizes[2],
            AccessSource = texts[3],
            SamplingFraction = fraction,
            Fingerprint = texts[4],
            Codec = texts[5],
            Labels = labels,
        };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ReadsTheRowsThatWereWritten_WithEveryCompressionAndBatchLength() =>
        Gen.Select(TraceRowGenerators.ValidRows, Gen.OneOf(Enum.GetValues<TraceCompression>()), Gen.Int[1, 70]).Sample(
            (rows, compression, batchRows) =>
            {
                var trace = Write(rows, Header, compression, batchRows);
                Assert.Equal(rows, Enumerable.Range(0, trace.RowCount).Select(trace.Row));
                Assert.Equal(rows.Select(row => row.TimeMicroseconds), trace.Times.ToArray());
                Assert.Equal(rows.Select(row => row.Operation.Kind), trace.Kinds.ToArray());
                Assert.Equal(rows.Select(row => row.Operation.Process), trace.Processes.ToArray());
                Assert.Equal(rows.Select(row => row.Operation.Page), trace.FirstPages.ToArray());
                Assert.Equal(rows.Select(row => row.Operation.Pages), trace.PageCounts.ToArray());
                Assert.Equal(rows.Select(row => row.Operation.Content), trace.Contents.ToArray());
                Assert.Equal(rows.Select(row => row.Fill), trace.Fills.ToArray());
                Assert.Equal(rows.Select(row => row.Operation.CompressedBytes), trace.CompressedSizes.ToArray());
                Assert.Equal(rows.LastOrDefault().TimeMicroseconds, trace.DurationMicroseconds);
                Assert.Equal(LiveAfter(rows), trace.ProcessesAtEnd.ToArray());
            },
            iter: 500);

    [Fact]
    public void ReadsTheHeaderThatWasWritten() =>
        AnyHeader.Sample(
            header =>
            {
                var read = Write([], header, TraceCompression.None, 1).Header;
                Assert.Equal(header with { Labels = read.Labels }, read);
                Assert.Equal(header.RecordedAt.Offset, read.RecordedAt.Offset);
                Assert.Equal(header.Labels.OrderBy(label => label.Key), read.Labels.OrderBy(label => label.Key));
            },
            iter: 500);

    [Fact]
    public void KeepsTheDigestOfTheBytes()
    {
        var path = _folder["digest.arrow"];
        using (var writer = TraceWriter.Create(path, Header))
            writer.Complete();
        var digest = Trace.Load(path).Digest;
        Assert.Matches("^[0-9a-f]{64}$", digest);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))), digest);
    }

    private static IEnumerable<uint> LiveAfter(TraceRow[] rows)
    {
        var naive = new NaiveTraceRules();
        foreach (var row in rows)
            naive.Take(row.TimeMicroseconds, row.Operation);
        return naive.LiveProcesses;
    }

    // Properties run on several threads: each has a file of its own.
    private Trace Write(TraceRow[] rows, TraceHeader header, TraceCompression compression, int batchRows)
    {
        var path = _folder[$"{Guid.NewGuid()}.arrow"];
        using (var writer = TraceWriter.Create(path, header, compression, batchRows))
        {
            foreach (var row in rows)
                writer.Append(in row);
            writer.Complete();
        }

        var trace = Trace.Load(path);
        File.Delete(path);
        return trace;
    }
}
