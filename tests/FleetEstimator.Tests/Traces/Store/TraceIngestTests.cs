using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.Store.StoreFiles;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces.Store;

public sealed class TraceIngestTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TraceStore _store;

    public TraceIngestTests() => _store = TraceStore.OpenOrCreate(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void StoresTheSameHeaderAndRows_AndKnowsTheFileTheyCameFrom()
    {
        var path = Write(_folder["web.arrow"], "web-1", rows: 100);
        var original = Trace.Load(path);

        var outcome = _store.Ingest(path, new() { ["class"] = "front", ["rack"] = "7" });

        Assert.True(outcome.IsNew);
        var entry = Assert.Single(_store.Catalogue());
        Assert.Equal(("web-1", "front", 100, 99ul), (entry.Node, entry.Class, entry.Rows, entry.DurationMicroseconds));
        Assert.Equal(new SortedDictionary<string, string> { ["class"] = "front", ["rack"] = "7", ["zone"] = "ä" }, entry.Labels);
        Assert.Equal(("web.arrow", original.Digest, new FileInfo(path).Length), (entry.Source.Name, entry.Source.Digest, entry.Source.Bytes));
        var stored = _store.FileOf(entry).Load(LocalTraces.Instance);
        Assert.Equal(entry.Digest, stored.Digest);
        Assert.Equal(Enumerable.Range(0, 100).Select(original.Row), Enumerable.Range(0, stored.RowCount).Select(stored.Row));
        Assert.Equal(original.Header with { Labels = stored.Header.Labels }, stored.Header);
        Assert.Equal("web", stored.Header.Labels["class"]);
    }

    [Fact]
    public void CountsPagesByStatedContent()
    {
        using (var writer = TraceWriter.Create(_folder["mix.arrow"], Header))
        {
            writer.Append(Row(0, OperationKind.Map, 1, 0, 100));
            writer.Append(Row(1, OperationKind.Write, 1, 0, 3, PageContent.Zero));
            writer.Append(Row(1, OperationKind.Observe, 1, 10, 5, PageContent.Data));
            writer.Append(Row(1, OperationKind.Access, 1, 10, 2, PageContent.Repeated));
            writer.Append(Row(1, OperationKind.Access, 1, 10, 50));
            writer.Append(Row(1, OperationKind.Write, 1, 20, 4));
            writer.Append(Row(1, OperationKind.Read, 1, 20, 4));
            writer.Complete();
        }

        var content = _store.Ingest(_folder["mix.arrow"]).Entry!.ContentPages;
        Assert.Equal(new ContentPages(Zero: 3, Repeated: 2, Data: 5, Unknown: 4), content);
    }

    [Fact]
    public void SameFileTwice_IsThereOnce_AndKeepsItsLabels()
    {
        var path = Write(_folder["web.arrow"], "web-1");
        File.Copy(path, _folder["copy.arrow"]);

        Assert.True(_store.Ingest(path, new() { ["class"] = "a" }).IsNew);
        var again = _store.Ingest(_folder["copy.arrow"], new() { ["class"] = "b" });

        Assert.Equal((false, null), (again.IsNew, again.Refusal));
        Assert.Equal("a", again.Entry!.Class);
        Assert.Single(_store.Catalogue());
    }

    [Theory]
    [InlineData(TraceCompression.None)]
    [InlineData(TraceCompression.Lz4)]
    public void SameRecordingInAnotherCompression_IsThereOnce(TraceCompression compression)
    {
        var first = _store.Ingest(Write(_folder["zstd.arrow"], "web-1", rows: 200));
        var other = _store.Ingest(Write(_folder["other.arrow"], "web-1", rows: 200, compression: compression));
        Assert.Equal((true, false), (first.IsNew, other.IsNew));
        Assert.Equal(first.Entry!.Digest, other.Entry!.Digest);
    }

    [Fact]
    public async Task ForeignFile_IsStoredAsTheEightColumnsOnly_InBatchesOfOneSize()
    {
        var rows = Enumerable.Range(0, 50).Select(time => Row((ulong)time, OperationKind.Settle, 0, 0, 1)).ToArray();
        var file = new ArrowTraceFile { Compression = CompressionCodecType.Lz4Frame };
        file.Columns.Reverse();
        file.Columns.Insert(2, new("secret", StringType.Default, batch => new StringArray.Builder().AppendRange(batch.Select(_ => "secret page content")).Build()));
        file.Metadata.Add("pandas", "{}");
        File.WriteAllBytes(_folder["foreign.arrow"], file.Write([.. rows.Chunk(3)]));
        Write(_folder["x.arrow"], "x");

        var stored = _store.FileOf(_store.Ingest(_folder["foreign.arrow"]).Entry!);

        Assert.Equal(rows, Enumerable.Range(0, 50).Select(stored.Load(LocalTraces.Instance).Row));
        using var reader = new ArrowFileReader(File.OpenRead(stored.Path), new Apache.Arrow.Compression.CompressionCodecFactory());
        Assert.Equal(["time_us", "op", "process", "page", "pages", "content", "fill", "compressed_bytes"], reader.Schema.FieldsList.Select(field => field.Name));
        Assert.DoesNotContain("pandas", reader.Schema.Metadata.Keys);
        Assert.Equal((50 + TraceWriter.DefaultBatchRows - 1) / TraceWriter.DefaultBatchRows, await reader.RecordBatchCountAsync());
    }

    [Fact]
    public void BadFile_IsRefusedWithRowAndRemedy_AndLeavesNothing()
    {
        var before = FilesOf(_folder["store"]);
        var file = new ArrowTraceFile();
        File.WriteAllBytes(_folder["bad.arrow"], file.Write([Row(0, OperationKind.Map, 1, 0, 10), Row(1, OperationKind.Write, 1, 5, 10)]));

        var refusal = _store.Ingest(_folder["bad.arrow"]).Refusal;

        Assert.Equal((_folder["bad.arrow"], 1L, "page"), (refusal!.FilePath, refusal.Row, refusal.Field));
        Assert.Contains("page 10 is not mapped", refusal.Problem, StringComparison.Ordinal);
        Assert.NotEmpty(refusal.Remedy);
        Assert.Equal(before, FilesOf(_folder["store"]));
    }

    [Fact]
    public void EveryTruncationOfAFile_IsRefused_AndLeavesNothing()
    {
        var whole = File.ReadAllBytes(Write(_folder["whole.arrow"], "web-1", compression: TraceCompression.None));
        var before = FilesOf(_folder["store"]);
        for (var length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(_folder["cut.arrow"], whole[..length]);
            Assert.NotNull(_store.Ingest(_folder["cut.arrow"]).Refusal);
        }

        Assert.Equal(before, FilesOf(_folder["store"]));
    }

    // Scanning batch by batch and loading as a whole are two ways through the same checks.
    [Fact]
    public void MutatedFile_IsTakenExactlyIfItLoads_AndStoredAsItLoads()
    {
        var random = new Random(20260101);
        var whole = File.ReadAllBytes(Write(_folder["whole.arrow"], "web-1", rows: 30, compression: TraceCompression.Lz4));
        var (taken, refused) = (0, 0);
        for (var round = 0; round < 400; round++)
        {
            var bytes = (byte[])whole.Clone();
            for (var change = 0; change <= round % 3; change++)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(_folder["mutated.arrow"], bytes);
            var store = TraceStore.OpenOrCreate(_folder[$"store-{round}"]);
            var outcome = store.Ingest(_folder["mutated.arrow"]);
            TraceException? refusal = null;
            Trace? loaded = null;
            try
            {
                loaded = Trace.Load(_folder["mutated.arrow"]);
            }
            catch (TraceException exception)
            {
                refusal = exception;
            }

            Assert.Equal(refusal?.Message, outcome.Refusal?.Message);
            if (loaded is not null)
            {
                var stored = store.FileOf(outcome.Entry!).Load(LocalTraces.Instance);
                Assert.Equal(Enumerable.Range(0, loaded.RowCount).Select(loaded.Row), Enumerable.Range(0, stored.RowCount).Select(stored.Row));
                taken++;
            }
            else
            {
                refused++;
            }
        }

        Assert.True(taken > 20 && refused > 20, $"{taken} taken, {refused} refused: the mutations test one side only");
    }

    [Fact]
    public void CountersBesideATrace_GoWithIt()
    {
        var path = Write(_folder["db.arrow"], "db-1");
        WriteCounters("db-1");

        var entry = _store.Ingest(path).Entry!;

        Assert.Equal(2, entry.Counters!.Samples);
        var counters = CounterFile.Load(_store.CountersOf(entry)!);
        Assert.Equal([7, 9], counters.Samples.Select(sample => sample.Vmstat["pswpin"]));
        _store.Remove([entry]);
        Assert.Equal(["trace-store.json"], FilesOf(_folder["store"]));
    }

    [Fact]
    public void CountersThatComeLater_AreAddedOnce_AndStay()
    {
        var path = Write(_folder["db.arrow"], "db-1");
        var digest = _store.Ingest(path).Entry!.Digest;
        WriteCounters("db-1");

        var later = _store.Ingest(path);
        var again = _store.Ingest(path);

        Assert.Equal((false, LateCounters.Added, 2), (later.IsNew, later.LateCounters, later.Entry!.Counters!.Samples));
        Assert.Equal((false, LateCounters.None), (again.IsNew, again.LateCounters));
        var entry = Assert.Single(TraceStore.Open(_folder["store"]).Catalogue());
        Assert.Equal(later.Entry.Counters, entry.Counters);
        Assert.Equal([7, 9], CounterFile.Load(_store.CountersOf(entry)!).Samples.Select(sample => sample.Vmstat["pswpin"]));
        Assert.Equal(_store.CountersOf(entry), _store.FileOf(entry).CountersPath);
        Assert.Null(StoreVerification.Verify(_store, entry).Problem);
        string[] files = [$"additions/{digest}.counters.json", $"catalogue/{digest}.json", $"counters/{entry.Counters!.Digest}.jsonl", $"traces/{digest}.arrow", "trace-store.json"];
        Assert.Equal(files.Order(StringComparer.Ordinal), FilesOf(_folder["store"]));
        _store.Remove([entry]);
        Assert.Equal(["trace-store.json"], FilesOf(_folder["store"]));
    }

    [Fact]
    public void OtherCountersThatComeLater_DoNotReplaceThoseInTheStore()
    {
        var path = Write(_folder["db.arrow"], "db-1");
        WriteCounters("db-1");
        var first = _store.Ingest(path).Entry!.Counters;
        WriteCounters("db-1", swapIns: 8);

        var later = _store.Ingest(path);

        Assert.Equal(LateCounters.OthersKept, later.LateCounters);
        Assert.Equal(first, later.Entry!.Counters);
    }

    [Fact]
    public void BadCountersThatComeLater_AreRefused_AndTheTraceStaysAsItIs()
    {
        var path = Write(_folder["db.arrow"], "db-1");
        _store.Ingest(path);
        var before = FilesOf(_folder["store"]);
        WriteCounters("db-2");

        Assert.Equal(_folder["db.counters.jsonl"], _store.Ingest(path).Refusal!.FilePath);

        Assert.Equal(before, FilesOf(_folder["store"]));
        Assert.Null(Assert.Single(_store.Catalogue()).Counters);
    }

    // Whether the one pass over the rows suffices for them or not.
    [Theory]
    [InlineData(OperationKind.Settle, false)]
    [InlineData(OperationKind.PageOut, true)]
    [InlineData(OperationKind.ObservedSwapOut, true)]
    public void ZeroSharesAreThoseOfInspect_EachOfItsOwnDenominator(OperationKind kind, bool swaps)
    {
        using (var writer = TraceWriter.Create(_folder["mix.arrow"], Header))
        {
            writer.Append(Row(0, OperationKind.Map, 1, 0, 100));
            writer.Append(Row(1, OperationKind.Write, 1, 0, 30, PageContent.Zero));
            writer.Append(Row(1, OperationKind.Write, 1, 30, 70, PageContent.Data));
            writer.Append(Row(10, kind, 1, 20, kind == OperationKind.Settle ? 1u : 30u));
            writer.Append(Row(30, OperationKind.Read, 1, 25, 10));
            writer.Append(Row(50, OperationKind.Read, 1, 0, 20));
            writer.Complete();
        }

        var shares = _store.Ingest(_folder["mix.arrow"]).Entry!.ZeroShare!;

        Assert.Equal(TraceInspection.Of(Trace.Load(_folder["mix.arrow"])).ZeroShare, shares);
        Assert.InRange(shares.ResidentPages!.Value, 0.25, 0.35);
        Assert.Equal(swaps ? 10.0 / 30 : null, shares.SwappedOutPages);
        Assert.Equal(swaps, shares.SwappedInPages is not null);
        Assert.Equal(shares, Assert.Single(_store.Catalogue()).ZeroShare);
    }

    [Fact]
    public void TraceThatDoesNotKnowContent_HasNoZeroShares()
    {
        var shares = _store.Ingest(Write(_folder["a.arrow"], "a", header: Header with { Capability = Capability.AccessOnly })).Entry!.ZeroShare;
        Assert.Equal(new ZeroShares(), shares);
    }

    [Fact]
    public void TraceTooLargeToReplay_IsTaken_WithZeroSharesThatAreNotKnown()
    {
        using (var writer = TraceWriter.Create(_folder["large.arrow"], Header))
        {
            writer.Append(Row(0, OperationKind.Map, 1, 0, uint.MaxValue));
            writer.Append(Row(1, OperationKind.Write, 1, 0, uint.MaxValue, PageContent.Zero));
            writer.Complete();
        }

        Assert.Null(_store.Ingest(_folder["large.arrow"]).Entry!.ZeroShare);
    }

    [Fact]
    public void CountersOfAnotherNode_RefuseTheTrace_AndLeaveNothing()
    {
        var path = Write(_folder["db.arrow"], "db-1");
        WriteCounters("db-2");
        var refusal = _store.Ingest(path).Refusal!;
        Assert.Equal((_folder["db.counters.jsonl"], "node"), (refusal.FilePath, refusal.Field));
        Assert.Equal(["trace-store.json"], FilesOf(_folder["store"]));
    }

    private void WriteCounters(string node, long swapIns = 9)
    {
        File.Delete(_folder["db.counters.jsonl"]);
        using var writer = CounterFileWriter.Create(_folder["db.counters.jsonl"], new()
        {
            Node = node,
            RecordedAt = Header.RecordedAt,
            Recorder = "tests 1.0",
            KernelRelease = "6.12.9",
            PageSize = 4096,
            MemoryBytes = 1,
            SwapBytes = 1,
            Settings = new Dictionary<string, string>(),
        });
        writer.Append(new() { TimeMicroseconds = 0, Vmstat = new Dictionary<string, long> { ["pswpin"] = 7 } });
        writer.Append(new() { TimeMicroseconds = 5, Vmstat = new Dictionary<string, long> { ["pswpin"] = swapIns } });
        writer.Complete();
    }
}
