using System.Security.Cryptography;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using CsCheck;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

/// <summary>Files that are written until the disk is full, and then ended.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ATraceIsCompleteUpToTheRowThatFoundTheDiskFull_AndOneMore() =>
        (from batchRows in Gen.Int[1, 300] from capacity in Gen.Int[60_000, 400_000] from compression in Gen.Enum<TraceCompression>() select (batchRows, capacity, compression))
        .Sample(disk => Fill(disk.batchRows, disk.capacity, disk.compression), iter: 30, threads: 1);

    [Fact]
    public void ADiskThatOthersFillMeanwhileIsNoneTheLess()
    {
        var path = _folder["others.arrow"];
        SmallDisk? disk = null;
        using (var writer = TraceWriter.Create(path, Header, TraceCompression.Zstd, batchRows: 10, partial => disk = new SmallDisk(partial, long.MaxValue)))
        {
            for (var row = 0; row < 95; row++)
                writer.Append(Random(row));
            disk!.Capacity = 0;
            var rows = 95;
            _ = Assert.Throws<IOException>(() => FillUp(writer, ref rows));
            writer.Complete();
        }

        Assert.Equal(100, Trace.Load(path).RowCount);
    }

    [Fact]
    public void ADiskWithoutRoomForTheReserveIsRefusedAtOnce()
    {
        _ = Assert.Throws<IOException>(() => TraceWriter.Create(_folder["a.arrow"], Header, TraceCompression.Zstd, 10, partial => new SmallDisk(partial, 1000)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void CountersAreCompleteUpToTheSampleThatFoundTheDiskFull_AndOneMore()
    {
        var path = _folder["a.counters.jsonl"];
        using (var writer = CounterFileWriter.Create(path, CounterHeaderOf("n"), partial => new SmallDisk(partial, 70_000)))
        {
            var sample = 0ul;
            _ = Assert.Throws<IOException>(() => FillUp(writer, ref sample));
            writer.Append(Sample(++sample));
            Assert.Equal((long)sample, writer.Samples);
            writer.Complete();
        }

        var file = CounterFile.Load(path);
        Assert.False(file.IsCutShort);
        Assert.InRange(file.Samples.Count, 10, 1000);
        Assert.Equal((ulong)file.Samples.Count, file.Samples[^1].TimeMicroseconds);
    }

    [Fact]
    public void WhatAKilledRecorderLeaves_IsNoTrace_AndStillHoldsTheWholeBatches()
    {
        using var writer = TraceWriter.Create(_folder["a.arrow"], Header, TraceCompression.Zstd, batchRows: 10, partial => new SmallDisk(partial, long.MaxValue));
        for (var row = 0; row < 25; row++)
            writer.Append(Random(row));
        Assert.Equal(20, RowsOfKilled("killed.arrow"));

        writer.Flush();
        Assert.Equal(25, RowsOfKilled("flushed.arrow"));
    }

    [Fact]
    public void WhatAKilledRecorderLeavesOfCounters_IsReadUpToTheLastSample()
    {
        using var writer = CounterFileWriter.Create(_folder["a.counters.jsonl"], CounterHeaderOf("n"));
        writer.Append(Sample(1));
        writer.Append(Sample(2));
        Assert.Equal(2, CounterFile.Load(_folder["a.counters.jsonl.partial"]).Samples.Count);
    }

    /// <summary>Rows that another program reads from what the writer has written so far, which is no trace.</summary>
    private int RowsOfKilled(string name)
    {
        File.Copy(_folder["a.arrow.partial"], _folder[name]);
        _ = Assert.Throws<TraceException>(() => Trace.Load(_folder[name]));
        // The reserve of zeros ends an Arrow stream, which begins after the eight bytes of magic.
        using var bytes = new MemoryStream(File.ReadAllBytes(_folder[name])[8..]);
        using var reader = new ArrowStreamReader(bytes, new CompressionCodecFactory());
        var rows = 0;
        while (reader.ReadNextRecordBatch() is { } batch)
        {
            using (batch)
                rows += batch.Length;
        }

        return rows;
    }

    private static CounterHeader CounterHeaderOf(string node) => new()
    {
        Node = node,
        RecordedAt = Header.RecordedAt,
        Recorder = "r",
        KernelRelease = "k",
        PageSize = 4096,
        MemoryBytes = 1,
        SwapBytes = 0,
        Settings = new Dictionary<string, string>(),
    };

    private static CounterSample Sample(ulong time) => new()
    {
        TimeMicroseconds = time,
        Vmstat = Enumerable.Range(0, 20).ToDictionary(name => $"counter_{name}", name => (long)name),
    };

    private void Fill(int batchRows, int capacity, TraceCompression compression)
    {
        var path = _folder["a.arrow"];
        var rows = 0;
        using (var writer = TraceWriter.Create(path, Header, compression, batchRows, partial => new SmallDisk(partial, capacity)))
        {
            _ = Assert.Throws<IOException>(() => FillUp(writer, ref rows));
            writer.Append(new TraceRow((ulong)rows, new Operation(OperationKind.Settle, 0, 0, 1)));
            writer.Complete();
            Assert.Equal(rows + 1, writer.Rows);
        }

        var trace = Trace.Load(path);
        Assert.Equal(rows + 1, trace.RowCount);
        Assert.Equal(OperationKind.Settle, trace.Kinds[^1]);
        Assert.InRange(new FileInfo(path).Length, 1, capacity);
    }

    private static void FillUp(TraceWriter writer, ref int rows)
    {
        while (true)
            writer.Append(Random(rows++));
    }

    private static void FillUp(CounterFileWriter writer, ref ulong sample)
    {
        while (true)
            writer.Append(Sample(++sample));
    }

    /// <summary>A row that does not compress.</summary>
    private static TraceRow Random(int row)
    {
        var bytes = RandomNumberGenerator.GetBytes(16);
        return new((ulong)row, new Operation(OperationKind.Map, BitConverter.ToUInt32(bytes, 8), BitConverter.ToUInt64(bytes) >> 16, 1), BitConverter.ToUInt64(bytes));
    }
}
