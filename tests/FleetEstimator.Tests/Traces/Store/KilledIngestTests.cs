using System.Diagnostics;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.Store.StoreFiles;

namespace FleetEstimator.Tests.Traces.Store;

/// <summary>Several real processes ingest into one store, and are killed at any moment: the store is whole at every time.</summary>
public sealed class KilledIngestTests : IDisposable
{
    private const int Files = 24;
    private const int Rounds = 12;
    private const int Processes = 3;

    private readonly TemporaryFolder _folder = new();

    public KilledIngestTests()
    {
        for (var file = 0; file < Files; file++)
            Write(_folder[$"in-{file:00}.arrow"], $"node-{file:00}", seed: file, rows: 20_000, compression: (TraceCompression)(file % 3));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void SeveralAtOnce_EachFileIsThereOnce()
    {
        var ingests = Enumerable.Range(0, Processes).Select(_ => Start()).ToList();
        var added = 0;
        foreach (var ingest in ingests)
        {
            var result = System.Text.Json.Nodes.JsonNode.Parse(ingest.StandardOutput.ReadToEnd())!;
            ingest.WaitForExit();
            Assert.Equal(0, ingest.ExitCode);
            Assert.Equal(Files, result["added"]!.AsArray().Count + result["already_there"]!.AsArray().Count);
            added += result["added"]!.AsArray().Count;
            ingest.Dispose();
        }

        Assert.Equal(Files, added);
        RequireWhole(Files);
    }

    [Fact]
    public void KilledAtAnyMoment_TheStoreIsWhole_AndTheNextIngestEndsTheWork()
    {
        var random = new Random(7);
        var (seen, killedAtWork) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            // An empty store every few rounds, so that kills meet all stages of the work.
            if (round % 4 == 0)
            {
                Delete();
                seen = 0;
            }

            var ingests = Enumerable.Range(0, Processes).Select(_ => Start()).ToList();
            SpinWait.SpinUntil(() => HasDrafts() || ingests.TrueForAll(ingest => ingest.HasExited));
            foreach (var ingest in ingests)
            {
                // Any moment will do: whichever it is, the store must be whole.
                Thread.Sleep(random.Next(40));
                killedAtWork += ingest.HasExited ? 0 : 1;
                ingest.Kill();
            }

            foreach (var ingest in ingests)
            {
                ingest.WaitForExit();
                ingest.Dispose();
            }

            if (Directory.Exists(_folder["store"]) && File.Exists(_folder["store/trace-store.json"]))
            {
                var entries = TraceStore.Open(_folder["store"]).Catalogue();
                Assert.True(entries.Count >= seen, "what was in the store has gone");
                seen = entries.Count;
                AssertVerifies(entries);
            }
        }

        Assert.True(killedAtWork > 0, "no process was killed at work: the drill tests nothing");
        TestContext.Current.TestOutputHelper?.WriteLine($"{killedAtWork} processes killed at work");
        using (var last = Start())
        {
            last.StandardOutput.ReadToEnd();
            last.WaitForExit();
            Assert.Equal(0, last.ExitCode);
        }

        RequireWhole(Files);
    }

    private void RequireWhole(int files)
    {
        var entries = TraceStore.Open(_folder["store"]).Catalogue();
        Assert.Equal(files, entries.Count);
        AssertVerifies(entries);
        Assert.Equal(
            entries.SelectMany(entry => (string[])[$"catalogue/{entry.Digest}.json", $"traces/{entry.Digest}.arrow"]).Append("trace-store.json").Order(StringComparer.Ordinal),
            FilesOf(_folder["store"]));
    }

    private void AssertVerifies(IReadOnlyList<CatalogueEntry> entries)
    {
        var store = TraceStore.Open(_folder["store"]);
        foreach (var entry in entries)
            Assert.Null(StoreVerification.Verify(store, entry).Problem);
    }

    private bool HasDrafts() => Directory.Exists(_folder["store/drafts"]) && Directory.EnumerateFiles(_folder["store/drafts"]).Any();

    private void Delete()
    {
        if (Directory.Exists(_folder["store"]))
            Directory.Delete(_folder["store"], recursive: true);
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "fleet-estimator"))
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])["ingest", "in-*.arrow", "--store", "store", "--json"])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }
}
