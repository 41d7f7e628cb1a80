using System.CommandLine;
using System.Text.Json.Nodes;
using FleetEstimator.Cli;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Traces.TraceExamples;

namespace FleetEstimator.Tests.Cli;

/// <summary>From an inventory to a plan, to recordings in a store, to a study that reads them, and back to a better plan.</summary>
public sealed class SamplePlanCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SamplePlanCommandTests() => File.WriteAllLines(_folder["fleet.csv"],
        Enumerable.Range(0, 60).Select(node => $"n{node},{(node < 40 ? "web" : "db")},{(node < 40 ? 64 : 256)} MiB").Prepend("node,class,memory"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task PlanRecordIngestStudyAndPlanAgain()
    {
        var (exit, plan) = await Plan("--precision", "90%", "--out", _folder["plan.csv"], "--study", _folder["study.yaml"]);
        Assert.Equal(ExitCode.Done, exit);
        Assert.All(plan["classes"]!.AsArray(), planned => Assert.Equal("assumed", planned!["variation_source"]!.GetValue<string>()));
        var drawn = (await File.ReadAllLinesAsync(_folder["plan.csv"], TestContext.Current.CancellationToken))[1..].Select(line => line.Split(',')).ToList();
        Assert.Equal(plan["nodes"]!.AsArray().Select(node => node!["node"]!.GetValue<string>()), drawn.Select(cells => cells[0]));
        Assert.Equal(60, drawn.Sum(cells => double.Parse(cells[3], System.Globalization.CultureInfo.InvariantCulture)), 6);

        for (var index = 0u; index < drawn.Count; index++)
        {
            Record(drawn[(int)index][0], pages: 100 + (10 * index), zeros: 20 + index);
            Assert.Equal(ExitCode.Done, await Invoke(IngestCommand.Create(), _folder["node.arrow"], "--store", _folder["traces"], "--class", drawn[(int)index][1]));
        }

        Assert.Equal(ExitCode.Done, await Invoke(RunCommand.Create(), _folder["study.yaml"], "--local", "--out", _folder["result"]));
        var study = StudyReader.Read(await File.ReadAllTextAsync(_folder["study.yaml"], TestContext.Current.CancellationToken), "study.yaml");
        Assert.Equal([("db", 20), ("web", 40)], study.Classes.Select(@class => (@class.Name, @class.Nodes)));

        foreach (var source in (string[][])[["--recordings", _folder["traces"]], ["--report", _folder["result"]]])
        {
            (exit, plan) = await Plan(["--precision", "5%", .. source]);
            Assert.Equal(ExitCode.Done, exit);
            Assert.All(plan["classes"]!.AsArray(), planned =>
            {
                Assert.Equal("seen", planned!["variation_source"]!.GetValue<string>());
                Assert.Equal(drawn.Count(cells => cells[1] == planned["class"]!.GetValue<string>()), planned["seen_recordings"]!.GetValue<int>());
                Assert.True(planned["variation"]!.GetValue<double>() > 0);
            });
        }

        // A trace whose bytes have changed since does not get into a study.
        var stored = Directory.GetFiles(_folder["traces/traces"])[0];
        var bytes = await File.ReadAllBytesAsync(stored, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(stored, bytes, TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.BadInput, await Invoke(RunCommand.Create(), _folder["study.yaml"], "--local", "--out", _folder["result-2"]));
    }

    [Theory]
    [InlineData(ExitCode.BadInput, "--precision", "5%", "--recordings", "no-such/*.arrow")]
    [InlineData(ExitCode.BadInput, "--precision", "5%", "--report", "no-such")]
    [InlineData(ExitCode.WrongUsage, "--precision", "5%", "--metric", "no_such")]
    [InlineData(ExitCode.WrongUsage, "--precision", "5%", "--report", ".", "--metric", "zero_filled_share/resident_pages")]
    public async Task WhatCannotBePlanned_IsRefused(int exit, params string[] arguments) =>
        Assert.Equal(exit, (await Plan(arguments)).Exit);

    // A study gives no interval of the fleet as long as one of its classes has too few recordings.
    [Fact]
    public async Task ClassOfTooFewNodes_PromisesNoPrecision_AndSaysWhatToDo()
    {
        await File.AppendAllTextAsync(_folder["fleet.csv"], "only-1,solo,64 MiB\n", TestContext.Current.CancellationToken);
        var (exit, plan) = await Plan("--precision", "90%");
        Assert.Equal(ExitCode.Done, exit);
        Assert.Equal((false, null), (plan["is_reached"]!.GetValue<bool>(), plan["planned_precision"]));

        var output = new StringWriter();
        await SamplePlanCommand.Create().Parse([_folder["fleet.csv"], "--precision", "90%"])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = TextWriter.Null }, TestContext.Current.CancellationToken);
        Assert.Contains("of the fleet without an interval: a study needs 3 recordings of every class.", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("Class solo: 1 of 1 nodes. Give its nodes the class of others like them in the inventory.", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExistingFile_IsNotReplaced()
    {
        Assert.Equal(ExitCode.WrongUsage, (await Plan("--precision", "5%", "--out", _folder["fleet.csv"])).Exit);
        Assert.StartsWith("node,class,memory", await File.ReadAllTextAsync(_folder["fleet.csv"], TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private void Record(string node, uint pages, uint zeros)
    {
        using var writer = TraceWriter.Create(_folder["node.arrow"], Header with { Node = node, Labels = new Dictionary<string, string>() });
        writer.Append(Row(0, OperationKind.Map, 1, 0, pages));
        writer.Append(Row(0, OperationKind.Write, 1, 0, zeros, PageContent.Zero));
        writer.Append(Row(0, OperationKind.Write, 1, zeros, pages - zeros, PageContent.Data));
        writer.Append(Row(10_000_000, OperationKind.Read, 1, 0, pages));
        writer.Complete();
    }

    private async Task<(int Exit, JsonNode Plan)> Plan(params string[] arguments)
    {
        var output = new StringWriter();
        var exit = await SamplePlanCommand.Create().Parse([_folder["fleet.csv"], .. arguments, "--json"])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = TextWriter.Null }, TestContext.Current.CancellationToken);
        return (exit, exit == ExitCode.Done ? JsonNode.Parse(output.ToString())! : new JsonObject());
    }

    private static Task<int> Invoke(Command command, params string[] arguments) =>
        command.Parse(arguments).InvokeAsync(new InvocationConfiguration { Output = TextWriter.Null, Error = TextWriter.Null }, TestContext.Current.CancellationToken);
}
