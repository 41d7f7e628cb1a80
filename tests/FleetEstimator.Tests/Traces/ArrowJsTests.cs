using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Traces;

/// <summary>Apache Arrow for JavaScript opens our traces and sees the same values, and we those it writes. Needs node, and <c>npm ci</c> in the folder ArrowJs.</summary>
public sealed class ArrowJsTests : IDisposable
{
    // The ends of every column's range.
    private static readonly TraceRow[] Rows =
    [
        Row(0, OperationKind.Map, uint.MaxValue, (1ul << 52) - 4000, 4000), Row(0, OperationKind.Limit, 0, ulong.MaxValue, uint.MaxValue),
        new(1, new(OperationKind.Write, uint.MaxValue, (1ul << 52) - 1, 1, PageContent.Data, ushort.MaxValue), ulong.MaxValue),
        .. Enumerable.Range(0, 3000).Select(page => new TraceRow(
            2 + (ulong)page, new(OperationKind.Observe, uint.MaxValue, (1ul << 52) - 4000 + (ulong)page, 1, (PageContent)(page % 4), (ushort)page), (ulong)page << 40)),
        Row(ulong.MaxValue, OperationKind.Exit, uint.MaxValue, 0, 1),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TraceCompression.None)]
    [InlineData(TraceCompression.Lz4)]
    [InlineData(TraceCompression.Zstd)]
    public void OpensOurTraces_WithTheSameValues(TraceCompression compression)
    {
        var seen = JsonNode.Parse(Run("read", Write(compression)))!;

        Assert.Equal(
            ["time_us Uint64", "op Uint8", "process Uint32", "page Uint64", "pages Uint32", "content Uint8", "fill Uint64", "compressed_bytes Uint16"],
            seen["fields"]!.AsArray().Select(field => $"{field![0]} {field[1]}"));
        Assert.All(seen["fields"]!.AsArray(), field => Assert.False(field![2]!.GetValue<bool>()));
        Assert.Equal(TraceMetadata.Write(Header).ToDictionary(), seen["metadata"]!.AsObject().ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<string>()));
        Assert.Equal([1000, 1000, 1000, 4], seen["batches"]!.AsArray().Select(rows => rows!.GetValue<int>()));
        Assert.Equal(
            Rows.Select(row => string.Join(' ', ((object[])[
                row.TimeMicroseconds, (byte)row.Operation.Kind, row.Operation.Process, row.Operation.Page, row.Operation.Pages, (byte)row.Operation.Content, row.Fill,
                row.Operation.CompressedBytes,
            ]).Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)))),
            seen["rows"]!.AsArray().Select(row => string.Join(' ', row!.AsArray().Select(value => value!.GetValue<string>()))));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("lz4")]
    public void WritesTraces_ThatAreReadWithTheSameValues(string compression)
    {
        Run("write", Write(TraceCompression.Zstd), _folder["theirs.arrow"], compression);
        var trace = Trace.Load(_folder["theirs.arrow"]);
        Assert.Equal(Rows, Enumerable.Range(0, trace.RowCount).Select(trace.Row));
        Assert.Equal(Header with { Labels = trace.Header.Labels }, trace.Header);
    }

    private string Write(TraceCompression compression)
    {
        var path = _folder["ours.arrow"];
        using var writer = TraceWriter.Create(path, Header, compression, batchRows: 1000);
        foreach (var row in Rows)
            writer.Append(in row);
        writer.Complete();
        return path;
    }

    private static string Run(params string[] arguments)
    {
        var folder = Folder();
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
            Assert.Skip($"Apache Arrow for JavaScript is not installed: run npm ci in {folder}");
        var start = new System.Diagnostics.ProcessStartInfo("node") { WorkingDirectory = folder, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in arguments.Prepend("trace.mjs"))
            start.ArgumentList.Add(argument);
        using var node = System.Diagnostics.Process.Start(start)!;
        var output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        Assert.Equal(0, node.ExitCode);
        return output;
    }

    private static string Folder([CallerFilePath] string thisFile = "") => Path.Combine(Path.GetDirectoryName(thisFile)!, "ArrowJs");
}
