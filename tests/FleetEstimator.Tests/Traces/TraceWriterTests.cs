using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

public sealed class TraceWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TraceCompression.None)]
    [InlineData(TraceCompression.Lz4)]
    [InlineData(TraceCompression.Zstd)]
    public void WritesWhatTheArrowLibraryReads_OverSeveralBatches(TraceCompression compression)
    {
        var path = _folder["a.arrow"];
        using (var writer = TraceWriter.Create(path, Header, compression, batchRows: 3))
        {
            for (var i = 0u; i < 8; i++)
                writer.Append(Row(i * 10, OperationKind.Map, 1, 100 * (i + 1), 7 + i));
            Assert.Equal(8, writer.Rows);
            writer.Complete();
        }

        using var reader = new ArrowFileReader(File.OpenRead(path), new CompressionCodecFactory());
        var pages = new List<ulong>();
        while (reader.ReadNextRecordBatch() is { } batch)
        {
            using (batch)
                pages.AddRange(((UInt64Array)batch.Column("page")).Values);
        }

        Assert.Equal(Enumerable.Range(1, 8).Select(i => 100ul * (ulong)i), pages);
        Assert.Equal("web", reader.Schema.Metadata["label.class"]);
        Assert.Equal("2025-03-04T05:06:07+00:00", reader.Schema.Metadata["recorded_at"]);
    }

    [Fact]
    public void LeavesNothingBehind_WhenNotCompleted()
    {
        using (var writer = TraceWriter.Create(_folder["a.arrow"], Header))
            writer.Append(Row(0, OperationKind.Map, 1, 1, 1));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void LeavesTheOldFileAlone_UntilTheNewOneIsComplete()
    {
        var path = _folder["a.arrow"];
        File.WriteAllText(path, "old");
        using var writer = TraceWriter.Create(path, Header);
        writer.Append(Row(0, OperationKind.Map, 1, 1, 1));
        Assert.Equal("old", File.ReadAllText(path));
        writer.Complete();
        Assert.Equal(1, Trace.Load(path).RowCount);
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_folder.Path));
        Assert.Throws<ObjectDisposedException>(() => writer.Append(Row(0, OperationKind.Settle, 0, 0, 1)));
        Assert.Throws<ObjectDisposedException>(writer.Complete);
    }

    [Fact]
    public void LeavesNothingBehind_WhenTheFileCannotTakeItsPlace()
    {
        Directory.CreateDirectory(_folder["taken.arrow"]);
        using (var writer = TraceWriter.Create(_folder["taken.arrow"], Header))
            Assert.ThrowsAny<Exception>(writer.Complete);
        Assert.Equal([_folder["taken.arrow"]], Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void RefusesASecondWriterOfTheSameFile()
    {
        using var writer = TraceWriter.Create(_folder["a.arrow"], Header);
        Assert.Throws<IOException>(() => TraceWriter.Create(_folder["a.arrow"], Header));
        writer.Complete();
        Assert.Equal(0, Trace.Load(_folder["a.arrow"]).RowCount);
    }
}
