using System.CommandLine;
using System.Text.Json.Nodes;
using FleetEstimator.Cli;
using FleetEstimator.Paging;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Cli;

/// <summary>ingest and store as their users see them.</summary>
public sealed class StoreCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Batch_WithOneBadFile_TakesTheOthers_AndSaysWhyAndHowToMendIt()
    {
        Write("a.arrow", "a");
        Write("c.arrow", "c");
        var bad = new ArrowTraceFile();
        await File.WriteAllBytesAsync(_folder["b.arrow"], bad.Write([Row(0, OperationKind.Map, 1, 0, 10), Row(1, OperationKind.Write, 1, 5, 10)]), TestContext.Current.CancellationToken);

        var (exit, output, _) = await Ingest();
        Assert.Equal(ExitCode.BadInput, exit);
        Assert.EndsWith("2 added, 0 already there, 1 refused\n", output, StringComparison.Ordinal);
        Assert.Contains("b.arrow, row 1 (the first is 0), page: write of pages 5 to 14, but page 10 is not mapped in process 1. Write a map row", output, StringComparison.Ordinal);

        (exit, output, _) = await Ingest("--json");
        Assert.Equal(ExitCode.BadInput, exit);
        var refused = JsonNode.Parse(output)!["refused"]!.AsArray().Single()!;
        Assert.Equal((1, "page"), (refused["row"]!.GetValue<long>(), refused["field"]!.GetValue<string>()));
        Assert.NotEmpty(refused["remedy"]!.GetValue<string>());
    }

    [Fact]
    public async Task CountersThatComeLater_AreAdded_AndItIsSaid()
    {
        Write("a.arrow", "a");
        await Ingest();
        await File.WriteAllTextAsync(_folder["a.counters.jsonl"], Counters("a"), TestContext.Current.CancellationToken);

        Assert.Contains("counters added", (await Ingest()).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("counters added", (await Ingest()).Output, StringComparison.Ordinal);

        await File.WriteAllTextAsync(_folder["a.counters.jsonl"], Counters("a") + "\n", TestContext.Current.CancellationToken);
        var (exit, output, _) = await Ingest();
        Assert.Equal(ExitCode.Done, exit);
        Assert.Contains("keeps the counters it has in the store", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListAndShow_NameTheDenominatorOfEachZeroShare()
    {
        using (var writer = TraceWriter.Create(_folder["a.arrow"], Header with { Node = "a" }))
        {
            writer.Append(Row(0, OperationKind.Map, 1, 0, 100));
            writer.Append(Row(0, OperationKind.Write, 1, 0, 25, PageContent.Zero));
            writer.Append(Row(0, OperationKind.Write, 1, 25, 75, PageContent.Data));
            writer.Append(Row(10, OperationKind.PageOut, 1, 0, 50));
            writer.Append(Row(10, OperationKind.Settle, 0, 0, 1));
            writer.Complete();
        }

        await Ingest();
        var digest = TraceStore.Open(_folder["store"]).Catalogue()[0].Digest;

        var (_, list, _) = await Store("list");
        Assert.Contains("zero/resident  zero/out  zero/in", list, StringComparison.Ordinal);
        Assert.Contains("25.0%     50.0%        -", list, StringComparison.Ordinal);
        var (_, show, _) = await Store("show", digest[..8]);
        Assert.Contains("zero-filled, of resident pages over time  25.0%", show, StringComparison.Ordinal);
        Assert.Contains("zero-filled, of pages swapped out         50.0%", show, StringComparison.Ordinal);
        Assert.Contains("zero-filled, of pages swapped in          none were", show, StringComparison.Ordinal);
        foreach (var entry in (JsonNode[])[JsonNode.Parse((await Store("list", "--json")).Output)![0]!, JsonNode.Parse((await Store("show", digest, "--json")).Output)!["entry"]!])
        {
            var share = entry["zero_share"]!.AsObject();
            Assert.Equal((0.25, 0.5, null), (share["resident_pages"]!.GetValue<double>(), share["swapped_out_pages"]!.GetValue<double>(), share["swapped_in_pages"]));
        }
    }

    [Fact]
    public async Task EntryOfAnEarlierVersion_ShowsItsSharesAsNotKnown_UntilVerifyFillsThemIn()
    {
        Write("a.arrow", "a");
        await Ingest();
        var entry = TraceStore.Open(_folder["store"]).Catalogue()[0];
        var file = _folder[$"store/catalogue/{entry.Digest}.json"];
        var json = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!.AsObject();
        json.Remove("zero_share");
        await File.WriteAllTextAsync(file, json.ToJsonString(), TestContext.Current.CancellationToken);

        Assert.Contains("store verify finds it out", (await Store("list")).Output, StringComparison.Ordinal);
        Assert.Contains("not known", (await Store("show", entry.Digest)).Output, StringComparison.Ordinal);
        Assert.Contains("1 as ingested, 0 not; zero-filled shares of 1 filled in", (await Store("verify")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("store verify finds it out", (await Store("list")).Output, StringComparison.Ordinal);
        Assert.Equal("1 as ingested, 0 not\n", (await Store("verify")).Output);
    }

    [Fact]
    public async Task WhatWasSubmittedWithStudies_IsVerified_AndNotListed()
    {
        Write("a.arrow", "a");
        var bytes = await File.ReadAllBytesAsync(_folder["a.arrow"], TestContext.Current.CancellationToken);
        var digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        await new SubmittedFiles(TraceStore.OpenOrCreate(_folder["store"])).Add(new(SubmittedKind.Trace, "a.arrow", digest), new MemoryStream(bytes), TestContext.Current.CancellationToken);

        Assert.Equal("no such trace\n", (await Store("list")).Output);
        var (exit, output, _) = await Store("verify");
        Assert.Equal((ExitCode.Done, "0 as ingested, 0 not\n1 files as submitted with studies, 0 not\n"), (exit, output));

        await File.AppendAllTextAsync(_folder[$"store/submitted/{digest}.arrow"], "x", TestContext.Current.CancellationToken);
        (exit, output, _) = await Store("verify");
        Assert.Equal(ExitCode.BadInput, exit);
        Assert.StartsWith($"submitted/{digest}.arrow: its bytes have changed: their SHA-256 is ", output, StringComparison.Ordinal);
        Assert.Contains(digest, JsonNode.Parse((await Store("verify", "--json")).Output)!["bad_submitted"]![0]!["file"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, (await Store("verify", "--node", "a")).Exit);
    }

    [Fact]
    public async Task NoFile_MakesNoStore()
    {
        Assert.Equal(ExitCode.BadInput, (await Ingest()).Exit);
        Assert.False(Directory.Exists(_folder["store"]));
    }

    [Fact]
    public async Task WhatIsNoStore_IsNamed_AndNothingIsMadeOfIt()
    {
        await File.WriteAllTextAsync(_folder["notes.txt"], "mine", TestContext.Current.CancellationToken);
        Write("a.arrow", "a");
        var (exit, _, error) = await Invoke(IngestCommand.Create(), _folder["a.arrow"], "--store", _folder.Path);
        Assert.Equal(ExitCode.BadInput, exit);
        Assert.Contains("this is not a trace store, and not an empty folder to make one in", error, StringComparison.Ordinal);
        Assert.Equal(["a.arrow", "notes.txt"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private static string Counters(string node) =>
        $$$"""{"format":"node-counters","version":1,"node":"{{{node}}}","recorded_at":"2025-03-04T05:06:07Z","recorder":"tests 1.0","kernel_release":"6.12.9","page_size":4096,"memory_bytes":1,"swap_bytes":1,"settings":{}}""" + "\n";

    private void Write(string file, string node) => Traces.Store.StoreFiles.Write(_folder[file], node);

    private Task<(int Exit, string Output, string Error)> Ingest(params string[] more) => Invoke(IngestCommand.Create(), [_folder["*.arrow"], "--store", _folder["store"], .. more]);

    private Task<(int Exit, string Output, string Error)> Store(string command, params string[] more) => Invoke(StoreCommand.Create(), [command, "--store", _folder["store"], .. more]);

    private static async Task<(int Exit, string Output, string Error)> Invoke(Command command, params string[] arguments)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var exit = await command.Parse(arguments).InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, TestContext.Current.CancellationToken);
        return (exit, output.ToString(), error.ToString());
    }
}
