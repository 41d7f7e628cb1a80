using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Cli;
using FleetEstimator.Paging;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Cli.Inspect;

public sealed class DiffCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly TraceRow[] Rows =
    [
        Row(0, OperationKind.Map, 1, 100, 50), Row(0, OperationKind.Observe, 1, 100, 40, PageContent.Zero), Row(1000, OperationKind.Write, 1, 105, 40, PageContent.Data),
        new(2000, new Operation(OperationKind.Write, 1, 100, 20, PageContent.Data, CompressedBytes: 77), Fill: 5), Row(3000, OperationKind.Read, 1, 100, 20),
    ];

    /// <summary>Every column changed in row 3.</summary>
    public static TheoryData<string> Columns => ["time", "op", "process", "page", "pages", "content", "fill", "compressed"];

    [Fact]
    public void TheSameRowsAreTheSame_WhateverTheHeaderAndCompression()
    {
        Write("a.arrow", Header, Rows, TraceCompression.Zstd);
        Write("b.arrow", Header with { Node = "other" }, Rows, TraceCompression.None);
        using var json = Json();
        Assert.True(json.RootElement.GetProperty("same_rows").GetBoolean());
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("first_difference").ValueKind);
        Assert.Equal("other", json.RootElement.GetProperty("metadata").GetProperty("node").GetProperty("b").GetString());
        Assert.Single(json.RootElement.GetProperty("metadata").EnumerateObject());
        Assert.All(json.RootElement.GetProperty("figures").EnumerateArray(), figure => Assert.Contains(figure.GetProperty("difference").ToString(), new[] { "0", "" }));
        Assert.Contains("the same, every column of every row", Run().Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Columns))]
    public void FindsTheFirstRowThatDiffers(string column)
    {
        var (time, operation, fill) = Rows[3];
        TraceRow changed = column switch
        {
            "time" => new(time + 1, operation, fill),
            "op" => new(time, operation with { Kind = OperationKind.Access }, fill),
            "process" => new(time, operation with { Process = 2 }, fill),
            "page" => new(time, operation with { Page = 101 }, fill),
            "pages" => new(time, operation with { Pages = 19 }, fill),
            "content" => new(time, operation with { Content = PageContent.Repeated }, fill),
            "fill" => new(time, operation, fill + 1),
            _ => new(time, operation with { CompressedBytes = 78 }, fill),
        };
        TraceRow[] prefix = [Row(0, OperationKind.Map, 2, 0, 500)];
        Write("a.arrow", Header, [.. prefix, .. Rows]);
        Write("b.arrow", Header, [.. prefix, .. Rows[..3], changed, Rows[4]]);
        using var json = Json();
        var difference = json.RootElement.GetProperty("first_difference");
        Assert.Equal(4, difference.GetProperty("row").GetInt32());
        Assert.NotEqual(difference.GetProperty("a").ToString(), difference.GetProperty("b").ToString());
        Assert.Contains("differ from row 4 on (the first is 0)", string.Join(' ', Run().Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void SaysWhereTheShorterOneEnds()
    {
        Write("a.arrow", Header, Rows);
        Write("b.arrow", Header, Rows[..4]);
        using var json = Json();
        Assert.Equal((4, JsonValueKind.Null), (json.RootElement.GetProperty("first_difference").GetProperty("row").GetInt32(), json.RootElement.GetProperty("first_difference").GetProperty("b").ValueKind));
        Assert.Contains("where B ends", Run().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void ComparesWhatInspectShows_AndDrawsIt()
    {
        Write("a.arrow", Header, Rows);
        Write("b.arrow", Header, [.. Rows[..2], Row(1000, OperationKind.Write, 1, 105, 40, PageContent.Zero), .. Rows[3..]]);
        var output = Run("--html", _folder["d.html"]);
        Assert.Equal((0, ""), (output.ExitCode, output.Output));
        using var json = Json();
        var zero = json.RootElement.GetProperty("figures").EnumerateArray().Single(figure => figure.GetProperty("figure").GetString() == "zero-filled, of resident pages over time");
        Assert.True(zero.GetProperty("b").GetDouble() > zero.GetProperty("a").GetDouble());
        Assert.Contains("Working set", File.ReadAllText(_folder["d.html"]), StringComparison.Ordinal);
        Write("b.arrow", Header, []);
        Assert.Equal(0, Run().ExitCode);
        File.WriteAllText(_folder["b.arrow"], "none");
        Assert.Equal(3, Run().ExitCode);
    }

    private JsonDocument Json() => JsonDocument.Parse(Run("--json").Output);

    private (int ExitCode, string Output) Run(params string[] options)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = DiffCommand.Create().Parse([_folder["a.arrow"], _folder["b.arrow"], .. options]).Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (exitCode, output.ToString());
    }

    private void Write(string name, TraceHeader header, TraceRow[] rows, TraceCompression compression = TraceCompression.Zstd)
    {
        using var writer = TraceWriter.Create(_folder[name], header, compression);
        foreach (var row in rows)
            writer.Append(row);
        writer.Complete();
    }
}
