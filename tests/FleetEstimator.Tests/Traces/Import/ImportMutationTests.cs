using System.Diagnostics;
using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

/// <summary>Files of real tools with a few bytes changed, cut or doubled: rows that keep the rules of the format, or one error. No other exception, no hang, no flood.</summary>
public sealed class ImportMutationTests
{
    private const int Mutations = 150;

    internal static readonly ImportLimits Small = new() { RowsMax = 100_000, ItemsMax = 100_000, BlocksMax = 100_000, WholeBytesMax = 1 << 20, ProcessesMax = 1000 };

    public static TheoryData<string, string> Fixtures { get; } = new()
    {
        { "damo", "damo.json" }, { "damo", "damo.zlib" }, { "damo", "damo.txt" }, { "perf-faults", "faults.txt.gz" }, { "elf-core", "kernel-core.sparse.gz" },
        { "elf-core", "gcore.sparse.gz" }, { "qemu-dump", "guest.elf.gz" }, { "counters", "vmstat.txt" }, { "counters", "prometheus.json" }, { "lackey", "lackey.txt.gz" },
        { "umass-hashes", "hashes.umass" }, { "oracle-general", "requests.oracleGeneral" }, { "oracle-general", "requests.oracleGeneral.zst" }, { "pagemap", "known.maps" },
        { "pagemap", "known.pagemap" }, { "csv", "table.csv" }, { "parquet", "table.parquet" },
        { "parquet", "duckdb.parquet" }, { "parquet", "duckdb-v2.parquet" }, { "parquet", "polars.parquet" },
    };

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void GivesRowsOrOneError(string format, string fixture)
    {
        using var whole = Imported.File(fixture);
        var original = new byte[whole.Stream.Length];
        whole.ReadAt(0, original);
        for (var seed = 0; seed < Mutations; seed++)
        {
            var bytes = Mutated(original, new Random(seed));
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            try
            {
                Imported.Of(format, Files(format, fixture, bytes), new ImportOptions().Add("zero-pages", "resident"), Small);
            }
            catch (ImportException exception)
            {
                Assert.NotEmpty(exception.Problem);
                Assert.NotEmpty(exception.Remedy);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}: {exception}");
            }

            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 256L << 20, $"seed {seed} took {GC.GetAllocatedBytesForCurrentThread() - allocated} bytes");
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20), $"seed {seed} took {Stopwatch.GetElapsedTime(started)}");
        }
    }

    internal static ImportFile[] Files(string format, string fixture, byte[] bytes) => (format, fixture) switch
    {
        ("pagemap", "known.maps") => [ImportFile.FromBytes("maps", bytes), Imported.File("known.pagemap")],
        ("pagemap", _) => [Imported.File("known.maps"), ImportFile.FromBytes("pagemap", bytes)],
        _ => [ImportFile.FromBytes("in", bytes)],
    };

    private static byte[] Mutated(byte[] original, Random random)
    {
        var bytes = original.ToArray();
        switch (random.Next(5))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                var start = random.Next(bytes.Length);
                return [.. bytes[..start], .. bytes[start..Math.Min(bytes.Length, start + random.Next(1, 200))], .. bytes[start..]];
            case 2:
                // The head, where formats keep what they declare.
                for (var change = 0; change < 4; change++)
                    bytes[random.Next(Math.Min(bytes.Length, 900))] = (byte)random.Next(256);
                return bytes;
            case 3:
                bytes.AsSpan(random.Next(bytes.Length))[..1].Fill(0xFF);
                bytes.AsSpan(random.Next(Math.Max(1, bytes.Length - 8)), Math.Min(8, bytes.Length)).Fill((byte)random.Next(256));
                return bytes;
            default:
                for (var change = 0; change < 8; change++)
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
        }
    }
}
