using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.Store.StoreFiles;

namespace FleetEstimator.Tests.Traces.Store;

public sealed class TraceStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TraceStore _store;

    public TraceStoreTests() => _store = TraceStore.OpenOrCreate(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void CatalogueAnswersByClassNodeKernelAndLabel()
    {
        Put("web-1", "web", "6.12.9", "a");
        Put("web-2", "web", "6.1.0", "b");
        Put("db-1", "db", "6.12.9", "a");

        Assert.Equal(["db-1", "web-1", "web-2"], Nodes(new()));
        Assert.Equal(["web-1", "web-2"], Nodes(new() { Class = "web" }));
        Assert.Equal(["web-1", "web-2"], Nodes(new() { Node = "web-?" }));
        Assert.Equal(["db-1", "web-1"], Nodes(new() { Kernel = "6.12*" }));
        Assert.Equal(["web-1"], Nodes(new() { Class = "w*", Labels = new Dictionary<string, string> { ["zone"] = "a" } }));
        Assert.Empty(Nodes(new() { Labels = new Dictionary<string, string> { ["rack"] = "*" } }));
    }

    [Fact]
    public void FolderWithOtherThings_IsNotTakenForAStore()
    {
        File.WriteAllText(_folder["notes.txt"], "mine");
        Assert.Contains("not an empty folder", Assert.Throws<TraceException>(() => TraceStore.OpenOrCreate(_folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("not a trace store", Assert.Throws<TraceException>(() => TraceStore.Open(_folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("not a trace store", Assert.Throws<TraceException>(() => TraceStore.Open(_folder["nowhere"])).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["nowhere"]));
    }

    [Fact]
    public void NewerStore_IsRefused()
    {
        File.WriteAllText(_folder["store/trace-store.json"], """{"format":"trace-store","version":2}""");
        Assert.Contains("version 1", Assert.Throws<TraceException>(() => TraceStore.OpenOrCreate(_folder["store"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyChangedByteOfATrace_IsFound_AndRefusedWhenRead()
    {
        var entry = Put("web-1", "web", "6.12.9", "a");
        Assert.Null(StoreVerification.Verify(_store, entry).Problem);
        var path = _store.FileOf(entry).Path;
        var whole = File.ReadAllBytes(path);
        for (var at = 0; at < whole.Length; at += 5)
        {
            var bytes = (byte[])whole.Clone();
            bytes[at] ^= 1;
            File.WriteAllBytes(path, bytes);
            Assert.Contains("its bytes have changed", StoreVerification.Verify(_store, entry).Problem, StringComparison.Ordinal);
            Assert.Throws<TraceException>(() => _store.FileOf(entry).Load(LocalTraces.Instance));
        }

        File.Delete(path);
        Assert.NotNull(StoreVerification.Verify(_store, entry).Problem);
    }

    [Fact]
    public void CatalogueThatSaysOtherThanTheTrace_IsFound()
    {
        var entry = Put("web-1", "web", "6.12.9", "a");
        Assert.Equal("the catalogue says rows 21, the trace 20", StoreVerification.Verify(_store, entry with { Rows = 21 }).Problem);
        Assert.Equal("the catalogue says kernel_release \"7.0\", the trace \"6.12.9\"", StoreVerification.Verify(_store, entry with { KernelRelease = "7.0" }).Problem);
    }

    [Fact]
    public void DamagedEntry_IsNamed()
    {
        var entry = Put("web-1", "web", "6.12.9", "a");
        var file = _folder[$"store/catalogue/{entry.Digest}.json"];
        foreach (var text in (string[])["", "{", "null", "{}", File.ReadAllText(file).Replace(entry.Digest[..8], "00000000", StringComparison.Ordinal)])
        {
            File.WriteAllText(file, text);
            var exception = Assert.Throws<TraceException>(() => _store.Catalogue());
            Assert.Equal(file, exception.FilePath);
        }
    }

    [Fact]
    public void EntryOfAnEarlierVersion_IsRead_AndItsZeroSharesAreFoundByVerification()
    {
        var entry = Put("web-1", "web", "6.12.9", "a");
        var file = _folder[$"store/catalogue/{entry.Digest}.json"];
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        Assert.True(json.Remove("zero_share"));
        File.WriteAllText(file, json.ToJsonString());
        var old = Assert.Single(_store.Catalogue());
        Assert.Null(old.ZeroShare);

        var verified = StoreVerification.Verify(_store, old);
        Assert.Equal((null, entry.ZeroShare), (verified.Problem, verified.NewZeroShare));
        _store.Keep(old, verified.NewZeroShare!);

        var filled = Assert.Single(TraceStore.Open(_folder["store"]).Catalogue());
        Assert.Equal(entry.ZeroShare, filled.ZeroShare);
        Assert.Null(StoreVerification.Verify(_store, filled).NewZeroShare);
        _store.Remove([filled]);
        Assert.Equal(["trace-store.json"], FilesOf(_folder["store"]));
    }

    [Fact]
    public void ZeroSharesOfAnotherModel_AreNoDamage_AndAreReplaced()
    {
        var entry = Put("web-1", "web", "6.12.9", "a");
        foreach (var other in (double[])[0.1, 0.2])
        {
            _store.Keep(entry, new() { ResidentPages = other });
            var kept = Assert.Single(_store.Catalogue());
            Assert.Equal(other, kept.ZeroShare!.ResidentPages);
            var verified = StoreVerification.Verify(_store, kept);
            Assert.Equal((null, entry.ZeroShare), (verified.Problem, verified.NewZeroShare));
        }
    }

    [Fact]
    public void NextIngest_ClearsAwayWhatAKilledOneLeft()
    {
        var entry = Put("web-1", "web", "6.12.9", "a");
        var whole = FilesOf(_folder["store"]);
        File.WriteAllText(_folder["store/drafts/0123"], "half a trace");
        File.Copy(_store.FileOf(entry).Path, _folder[$"store/traces/{new string('0', 64)}.arrow"]);
        Directory.CreateDirectory(_folder["store/counters"]);
        File.WriteAllText(_folder[$"store/counters/{new string('1', 64)}.jsonl"], "{}");
        Directory.CreateDirectory(_folder["store/additions"]);
        File.WriteAllText(_folder[$"store/additions/{new string('0', 64)}.counters.json"], "{}");

        _ = new TraceIngest(_store, TimeProvider.System);

        Assert.Equal(whole, FilesOf(_folder["store"]));
    }

    [Fact]
    public void WhileAnotherIngestIsAtWork_NothingIsClearedAway()
    {
        File.WriteAllText(_folder[$"store/drafts/0123"], "half a trace");
        using (_store.Blobs.Share())
        {
            Assert.False(_store.TrySweep());
            Assert.Contains("drafts/0123", FilesOf(_folder["store"]));
        }

        Assert.True(_store.TrySweep());
        Assert.DoesNotContain("drafts/0123", FilesOf(_folder["store"]));
    }

    [Fact]
    public void RemovedTrace_IsGoneWithItsBytes_AndCanBeIngestedAgain()
    {
        var first = Put("web-1", "web", "6.12.9", "a");
        Put("web-2", "web", "6.12.9", "a");
        Assert.True(_store.Remove([first]));
        Assert.Equal(["web-2"], Nodes(new()));
        Assert.DoesNotContain(FilesOf(_folder["store"]), file => file.Contains(first.Digest, StringComparison.Ordinal));
        Assert.True(_store.Ingest(_folder["web-1.arrow"]).IsNew);
    }

    [Fact]
    public void Retention_GoesByAge_ButKeepsTheNewestOfEveryNode()
    {
        var now = TraceExamples.Header.RecordedAt.AddDays(100);
        var entries = (from node in (string[])["a", "b"] from age in (int[])[1, 50, 95, 99] select Entry(node, now.AddDays(-age))).ToList();

        Assert.Empty(new Retention().Expired(entries, now));
        Assert.Equal([95, 99, 95, 99], Ages(new() { OlderThan = TimeSpan.FromDays(90) }));
        Assert.Equal([95, 99, 95, 99], Ages(new() { KeepPerNode = 2 }));
        Assert.Equal([99, 99], Ages(new() { OlderThan = TimeSpan.FromDays(50), KeepPerNode = 3 }));
        Assert.Empty(Ages(new() { OlderThan = TimeSpan.FromDays(99) }));

        IEnumerable<int> Ages(Retention retention) =>
            retention.Expired(entries, now).OrderBy(entry => entry.Node, StringComparer.Ordinal).ThenByDescending(entry => entry.RecordedAt).Select(entry => (int)(now - entry.RecordedAt).TotalDays);
    }

    [Fact]
    public void Recordings_AreFoundInAStore_WithTheDigestOfTheCatalogue()
    {
        var entry = Put("web-1", "web", "6.12.9", "a");
        Put("db-1", "db", "6.1.0", "b");

        var set = RecordingSet.Find(_folder.Path, ["store:store?class=web&label.zone=a", "store:store?node=web-*&kernel=6.12.9"]);

        var file = Assert.Single(Assert.Single(set.Recordings).Files);
        Assert.Equal((entry.Digest, "web-1", 20), (file.Digest, file.Header.Node, file.RowCount));
        Assert.Equal(20, file.Load(LocalTraces.Instance).RowCount);
    }

    [Theory]
    [InlineData("store:store?class=nobody", "no trace of the store is meant; it has 1")]
    [InlineData("store:store?colour=red", "\"colour=red\" is not a condition")]
    [InlineData("store:store?class", "\"class\" is not a condition")]
    [InlineData("store:elsewhere", "this is not a trace store")]
    public void NamesWhatIsWrongWithAStorePattern(string pattern, string problem)
    {
        Put("web-1", "web", "6.12.9", "a");
        Assert.Contains(problem, Assert.Throws<TraceException>(() => RecordingSet.Find(_folder.Path, [pattern])).Message, StringComparison.Ordinal);
    }

    private IEnumerable<string> Nodes(CatalogueFilter filter) => _store.Catalogue(filter).Select(entry => entry.Node);

    private CatalogueEntry Put(string node, string @class, string kernel, string zone)
    {
        var header = TraceExamples.Header with { KernelRelease = kernel, Labels = new Dictionary<string, string> { ["class"] = @class, ["zone"] = zone } };
        return _store.Ingest(Write(_folder[$"{node}.arrow"], node, header: header)).Entry!;
    }

    private static CatalogueEntry Entry(string node, DateTimeOffset recordedAt) =>
        CatalogueEntry.Of(TraceExamples.Header with { Node = node, RecordedAt = recordedAt }, default, $"{node}{recordedAt:O}", 1);
}
