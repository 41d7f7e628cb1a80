using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using BenchmarkDotNet.Attributes;
using FleetEstimator.Traces;

namespace FleetEstimator.Benchmarks;

/// <summary>Adding a trace to a store. Uncompressed, its columns are 36 bytes times <see cref="Rows"/>: divide by the time for the rate.</summary>
public class IngestBenchmarks
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-benchmark-").FullName;
    private int _stores;

    /// <summary>Rows of the trace.</summary>
    [Params(4_000_000)]
    public int Rows { get; set; } = 4_000_000;

    /// <summary>Compression of the file that is ingested.</summary>
    [Params(TraceCompression.None, TraceCompression.Lz4, TraceCompression.Zstd)]
    public TraceCompression Source { get; set; } = TraceCompression.Zstd;

    private string SourcePath => Path.Combine(_folder, "source.arrow");

    /// <summary>Writes the trace.</summary>
    [GlobalSetup]
    public void SetUp() => RecordedRows.Write(SourcePath, Rows, Source);

    /// <summary>Removes it.</summary>
    [GlobalCleanup]
    public void CleanUp() => Directory.Delete(_folder, recursive: true);

    /// <summary>The least that could be called a copy: Apache Arrow reads every batch and writes it again, compressed alike; no check, no digest, no catalogue.</summary>
    [Benchmark(Baseline = true)]
    public void CopyByArrow()
    {
        using var reader = new ArrowFileReader(File.OpenRead(SourcePath), new CompressionCodecFactory());
        using var copy = File.Create(Path.Combine(_folder, "copy.arrow"));
        var options = new IpcOptions { CompressionCodecFactory = new CompressionCodecFactory(), CompressionCodec = CompressionCodecType.Zstd, CompressionLevel = -1 };
        using var writer = new ArrowFileWriter(copy, reader.Schema, leaveOpen: true, options);
        writer.WriteStart();
        while (reader.ReadNextRecordBatch() is { } batch)
        {
            using (batch)
                writer.WriteRecordBatch(batch);
        }

        writer.WriteEnd();
        copy.Flush(flushToDisk: true);
    }

    /// <summary>Check, normalise, digest, add to a new store.</summary>
    [Benchmark]
    public CatalogueEntry Ingest()
    {
        var folder = Path.Combine(_folder, $"store-{_stores++}");
        var outcome = new TraceIngest(TraceStore.OpenOrCreate(folder), TimeProvider.System).Add(SourcePath, new Dictionary<string, string>());
        Directory.Delete(folder, recursive: true);
        return outcome.Entry ?? throw outcome.Refusal!;
    }
}
