using System.Text;
using System.Text.Json.Nodes;
using FleetEstimator.Reports;
using Xunit;

namespace FleetEstimator.Tests.Reports;

public sealed class RunJsonTests
{
    /// <summary>A run of ten seconds over 250 nodes.</summary>
    public static RunRecord Sample { get; } = new()
    {
        Started = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Finished = new DateTimeOffset(2026, 1, 2, 3, 4, 15, TimeSpan.Zero),
        Command = ["fleet-estimator", "run", "study.yaml"],
        StudyPath = "study.yaml",
        RecordingPaths = ["traces/web-1.arrow"],
        SimulatedNodes = 250,
        Environment = RunEnvironment.Current(),
        Files = [new("report.json", 10, new string('0', 64))],
    };

    [Fact]
    public void TellsDurationAndRate_FromStartFinishAndNodes()
    {
        var run = JsonNode.Parse(Text(Sample))!;

        Assert.Equal("fleet-estimator.run/1", (string?)run["schema"]);
        Assert.Equal(10, (double)run["duration_seconds"]!);
        Assert.Equal(25, (double)run["nodes_per_second"]!);
        Assert.Equal("report.json", (string?)run["files"]![0]!["name"]);
    }

    [Fact]
    public void ReadsBackWhatWasWritten()
    {
        var read = RunJson.Read(new MemoryStream(Encoding.UTF8.GetBytes(Text(Sample))));

        Assert.Equal(Text(Sample), Text(read));
    }

    [Fact]
    public void EnvironmentIsComplete_AndNamesNoHost()
    {
        var text = Text(Sample);

        Assert.DoesNotContain(Environment.MachineName, text, StringComparison.OrdinalIgnoreCase);
        Assert.True(Sample.Environment.CpuCount > 0);
        Assert.Matches(@"^\d+\.\d+\.\d+", Sample.Environment.ProgramVersion);
        Assert.NotEmpty(Sample.Environment.Kernel);
    }

    private static string Text(RunRecord record)
    {
        using var stream = new MemoryStream();
        RunJson.Write(record, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
