using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Cli;
using FleetEstimator.Recorder;
using FleetEstimator.Tests.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Cli;

public sealed class DoctorCommandTests
{
    [Fact]
    public void PrintsATable_WithWhatCouldBeSwitchedOnAtTheEnd()
    {
        var text = DoctorText.Of(new DoctorReport("6.12.1", true, "soft-dirty",
        [
            new(FindingArea.Recording, "page table", FindingState.Yes, "there"),
            new(FindingArea.AccessSources, "idle-page", FindingState.No, "not there", "CONFIG_X"),
            new(FindingArea.Backtesting, "thp", FindingState.Info, "madvise"),
        ]));

        Assert.Equal(
            """
            Linux 6.12.1
            Recording is possible. `record` would use --source soft-dirty.

            Recording
              page table  yes    there

            Access sources, best first
              idle-page   no     not there

            Backtesting
              thp                madvise

            What could be switched on
              idle-page   CONFIG_X
            """,
            text);
    }

    [Fact]
    public void PrintsJson_AndExitsWithWhetherRecordingIsPossible()
    {
        LinuxOnly.Require();
        var (output, error) = (new StringWriter(), new StringWriter());

        var exitCode = DoctorCommand.Create().Parse(["--json"]).Invoke(new InvocationConfiguration { Output = output, Error = error });

        var report = JsonDocument.Parse(output.ToString()).RootElement;
        Assert.Equal(report.GetProperty("can_record").GetBoolean() ? 0 : 1, exitCode);
        Assert.Equal(report.GetProperty("can_record").GetBoolean(), report.GetProperty("would_choose").ValueKind == JsonValueKind.String);
        Assert.Contains(report.GetProperty("findings").EnumerateArray(), finding => finding.GetProperty("area").GetString() == "access-sources");
        Assert.Empty(error.ToString());
    }
}
