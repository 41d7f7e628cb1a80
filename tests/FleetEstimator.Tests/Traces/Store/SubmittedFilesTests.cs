using System.Security.Cryptography;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.Store.StoreFiles;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces.Store;

/// <summary>Files that come with studies from other machines.</summary>
public sealed class SubmittedFilesTests : IDisposable
{
    private const string Counters =
        """
        {"format":"node-counters","version":1,"recorded_at":"2025-01-01T00:00:00Z","recorder":"t","kernel_release":"6","node":"web-1","page_size":4096,"memory_bytes":1,"swap_bytes":1,"settings":{}}
        {"time_us":0,"vmstat":{"pswpin":1}}

        """;

    private readonly TemporaryFolder _folder = new();
    private readonly TraceStore _store;
    private readonly SubmittedFiles _submitted;

    public SubmittedFilesTests()
    {
        _store = TraceStore.OpenOrCreate(_folder["store"]);
        _submitted = new SubmittedFiles(_store);
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_AreKeptByteForByte_AndKnownByWhatTheirUserCallsThem()
    {
        var (trace, counters) = (Trace("web-1", TraceCompression.Lz4), CountersOf(Counters));
        Assert.Equal([trace, counters], _submitted.Missing([trace, counters, trace]));

        await Send(trace);
        await Send(counters);

        Assert.Empty(_submitted.Missing([trace, counters]));
        Assert.Equal(new[] { $"submitted/{counters.Digest}.counters.jsonl", $"submitted/{trace.Digest}.arrow", "trace-store.json" }.Order(StringComparer.Ordinal), FilesOf(_folder["store"]));
        Assert.Equal(await File.ReadAllBytesAsync(trace.Path, Cancellation), await File.ReadAllBytesAsync(_folder[$"store/submitted/{trace.Digest}.arrow"], Cancellation));

        File.Delete(trace.Path);
        File.Delete(counters.Path);
        var file = _submitted.Read(trace, counters);
        Assert.Equal((trace.Path, trace.Digest, counters.Path, 20, 19ul), (file.Path, file.Digest, file.CountersPath, file.RowCount, file.DurationMicroseconds));
        Assert.Equal("web-1", file.Header.Node);
        Assert.Equal(trace.Path, file.Load(new StoredTraces(_store)).FilePath);
        Assert.Equal((counters.Path, 1), (file.LoadCounters(new StoredTraces(_store)).FilePath, file.LoadCounters(new StoredTraces(_store)).Samples.Count));
    }

    [Fact]
    public async Task WhatIsNoTrace_IsRefusedAsByTheReader_AndNothingStays()
    {
        var before = FilesOf(_folder["store"]);
        var bad = new ArrowTraceFile().Write([Row(0, OperationKind.Map, 1, 0, 10), Row(1, OperationKind.Write, 1, 5, 10)]);
        var hostile = Announced(SubmittedKind.Trace, "bad.arrow", bad);
        var cut = Announced(SubmittedKind.Trace, "cut.arrow", (await File.ReadAllBytesAsync(Trace("web-1").Path, Cancellation))[..^1]);
        var counters = CountersOf(Counters.Replace("\"pswpin\":1", "\"pswpin\":-1", StringComparison.Ordinal));

        var refusal = await Assert.ThrowsAsync<TraceException>(() => Send(hostile));
        Assert.Equal(Assert.Throws<TraceException>(() => FleetEstimator.Traces.Trace.Load(hostile.Path)).Message, refusal.Message);
        Assert.Contains("truncated", (await Assert.ThrowsAsync<TraceException>(() => Send(cut))).Message, StringComparison.Ordinal);
        Assert.Equal(Assert.Throws<TraceException>(() => CounterFile.Load(counters.Path)).Message, (await Assert.ThrowsAsync<TraceException>(() => Send(counters))).Message);
        Assert.Equal(before, FilesOf(_folder["store"]));
    }

    [Fact]
    public async Task WhatIsNotAsAnnounced_OrTooLong_IsRefused_AndNothingStays()
    {
        var trace = Trace("web-1");
        var before = FilesOf(_folder["store"]);
        var other = trace with { Digest = new string('a', 64) };

        Assert.Contains($"{trace.Digest}, not {other.Digest} as announced", (await Assert.ThrowsAsync<TraceException>(() => Send(other))).Message, StringComparison.Ordinal);
        foreach (var wrong in (string[])["", "../../x", trace.Digest.ToUpperInvariant(), trace.Digest + "0"])
            Assert.Equal("digest", (await Assert.ThrowsAsync<TraceException>(() => Send(trace with { Digest = wrong }))).Field);
        var bytes = new FileInfo(trace.Path).Length;
        var small = new SubmittedFiles(_store, new TraceLimits { FileBytesMax = bytes - 1 });
        Assert.Contains($"more bytes than the limit of {bytes - 1}", (await Assert.ThrowsAsync<TraceException>(() => Send(trace, small))).Message, StringComparison.Ordinal);
        Assert.Equal(before, FilesOf(_folder["store"]));
        await Send(trace, new SubmittedFiles(_store, new TraceLimits { FileBytesMax = bytes }));
    }

    [Fact]
    public async Task BrokenConnection_LeavesNothing()
    {
        var trace = Trace("web-1");
        var before = FilesOf(_folder["store"]);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAsync<IOException>(() => _submitted.Add(trace, new BrokenStream(File.ReadAllBytes(trace.Path)[..100]), Cancellation));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _submitted.Add(trace, new MemoryStream(File.ReadAllBytes(trace.Path)), cancelled.Token));

        Assert.Equal(before, FilesOf(_folder["store"]));
        Assert.False(_submitted.Has(trace));
    }

    [Fact]
    public async Task ProcessThatDied_LeavesADraft_WhichTheNextStartClearsAway()
    {
        await Send(Trace("web-1"));
        var before = FilesOf(_folder["store"]);
        await File.WriteAllTextAsync(_folder["store/drafts/died"], "half", Cancellation);

        using (_store.Blobs.Share())
            _submitted.ClearAway();
        Assert.True(File.Exists(_folder["store/drafts/died"]));
        _submitted.ClearAway();

        Assert.Equal(before, FilesOf(_folder["store"]));
    }

    [Fact]
    public async Task OneFileFromManyClientsAtOnce_IsThereOnce()
    {
        var trace = Trace("web-1");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Send(trace), Cancellation)));
        Assert.Equal([$"submitted/{trace.Digest}.arrow", "trace-store.json"], FilesOf(_folder["store"]));
    }

    [Fact]
    public async Task IngestAndRemoval_LeaveSubmittedFiles_AndClearAwayWhatDeadClientsLeft()
    {
        var (trace, counters) = (Trace("web-1"), CountersOf(Counters));
        await Send(trace);
        await Send(counters);
        Directory.CreateDirectory(_folder["store/drafts"]);
        await File.WriteAllTextAsync(_folder["store/drafts/died"], "half", Cancellation);

        var entry = _store.Ingest(Write(_folder["other.arrow"], "other")).Entry!;
        Assert.Equal(["other"], _store.Catalogue().Select(known => known.Node));
        Assert.True(_store.Remove([entry]));

        Assert.Equal(new[] { $"submitted/{counters.Digest}.counters.jsonl", $"submitted/{trace.Digest}.arrow", "trace-store.json" }.Order(StringComparer.Ordinal), FilesOf(_folder["store"]));
    }

    [Fact]
    public async Task RemovedByDigest_OthersAndTheCatalogueStay()
    {
        var (one, two, counters) = (Trace("web-1", TraceCompression.Lz4), Trace("web-2"), CountersOf(Counters));
        await Send(one);
        await Send(two);
        await Send(counters);
        var entry = _store.Ingest(one.Path).Entry!;

        Assert.Equal(new[] { one.Digest, two.Digest, counters.Digest }.Order(StringComparer.Ordinal), _submitted.Digests());
        _submitted.Remove([one.Digest, counters.Digest, entry.Digest, "../../trace-store.json", new string('a', 64)]);

        Assert.Equal([two.Digest], _submitted.Digests());
        Assert.NotNull(_store.Find(entry.Digest));
        Assert.Contains("does not have this trace", Assert.Throws<TraceException>(() => _submitted.Read(one, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TraceOfTheCatalogue_NeedNotBeSent()
    {
        var entry = _store.Ingest(Write(_folder["web-1.arrow"], "web-1")).Entry!;
        var stored = new SubmittedFile(SubmittedKind.Trace, "/home/user/store/x.arrow", entry.Digest);

        Assert.Empty(_submitted.Missing([stored]));
        await _submitted.Add(stored, new BrokenStream([]), Cancellation);
        var file = _submitted.Read(stored, null);
        Assert.Equal((stored.Path, entry.Digest, null), (file.Path, file.Load(new StoredTraces(_store)).Digest, file.CountersDigest));
        Assert.DoesNotContain(FilesOf(_folder["store"]), name => name.StartsWith("submitted", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ChangedBytes_AreFoundByVerify_AndRefusedWhenLoaded()
    {
        var (trace, counters) = (Trace("web-1"), CountersOf(Counters));
        await Send(trace);
        await Send(counters);
        Assert.All(_submitted.Verify(), file => Assert.Null(file.Problem));
        var file = _submitted.Read(trace, counters);

        await File.AppendAllTextAsync(_folder[$"store/submitted/{counters.Digest}.counters.jsonl"], "\n", Cancellation);
        await File.WriteAllTextAsync(_folder["store/submitted/notes.txt"], "mine", Cancellation);

        Assert.Equal(
            [($"submitted/{counters.Digest}.counters.jsonl", "its bytes have changed"), ("submitted/notes.txt", "it is not named as submitted files are")],
            _submitted.Verify().Where(known => known.Problem is not null).Select(known => (known.Key, known.Problem!.Split(':')[0])));
        Assert.Equal(counters.Path, Assert.Throws<TraceException>(() => file.LoadCounters(new StoredTraces(_store))).FilePath);
    }

    [Fact]
    public async Task WhatBecameOfAFile_IsToldAlike_WhereverItLies()
    {
        var trace = Trace("web-1");
        await Send(trace);
        var (local, stored) = (RecordingSet.Find(_folder.Path, ["web-1.arrow"]).Recordings[0].Files[0], _submitted.Read(trace, null));
        var submitted = _folder[$"store/submitted/{trace.Digest}.arrow"];

        Write(trace.Path, "web-1", seed: 9);
        File.Copy(trace.Path, submitted, overwrite: true);
        AssertAlike("has changed");
        File.Delete(trace.Path);
        File.Delete(submitted);
        AssertAlike("is not there any more");

        void AssertAlike(string problem)
        {
            var here = Assert.Throws<TraceException>(() => local.Load(LocalTraces.Instance)).Message;
            Assert.Contains(problem, here, StringComparison.Ordinal);
            Assert.Equal(here, Assert.Throws<TraceException>(() => stored.Load(new StoredTraces(_store))).Message);
        }
    }

    private SubmittedFile Trace(string node, TraceCompression compression = TraceCompression.Zstd) =>
        Known(SubmittedKind.Trace, Write(_folder[node + ".arrow"], node, compression: compression));

    private SubmittedFile CountersOf(string text)
    {
        File.WriteAllText(_folder["web-1.counters.jsonl"], text);
        return Known(SubmittedKind.Counters, _folder["web-1.counters.jsonl"]);
    }

    private SubmittedFile Announced(SubmittedKind kind, string name, byte[] bytes)
    {
        File.WriteAllBytes(_folder[name], bytes);
        return Known(kind, _folder[name]);
    }

    private static SubmittedFile Known(SubmittedKind kind, string path) => new(kind, path, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));

    private async Task Send(SubmittedFile file, SubmittedFiles? to = null)
    {
        await using var content = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read);
        await (to ?? _submitted).Add(file, content, Cancellation);
    }

    /// <summary>A connection that breaks after some bytes.</summary>
    private sealed class BrokenStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is > 0 and var got ? got : throw new IOException("the connection is broken");
    }
}
