using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Cli;
using FleetEstimator.Tests.Recorder;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Cli;

[Collection(typeof(RecordingSessions))]
public sealed class RecordCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("--pid 1 --cgroup /sys/fs/cgroup")]
    [InlineData("--pid 1 -- true")]
    [InlineData("--node-wide -- true")]
    [InlineData("--source telepathy -- true")]
    [InlineData("--source content --probe-pageout -- true")]
    [InlineData("--descendants -- true")]
    [InlineData("--label web -- true")]
    [InlineData("--label =web -- true")]
    [InlineData("--interval fast -- true")]
    [InlineData("--interval 0s -- true")]
    [InlineData("--duration -1s -- true")]
    [InlineData("--cpu-budget 1 -- true")]
    [InlineData("--cpu-budget 0% -- true")]
    [InlineData("--cpu-budget all -- true")]
    [InlineData("--sample 0 -- true")]
    [InlineData("--sample 101% -- true")]
    [InlineData("--compressed gzip -- true")]
    [InlineData("--fingerprint-bits 8 -- true")]
    public void WrongUsageIsAnError(string arguments) =>
        Assert.NotEmpty(RecordCommand.Create().Parse(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Errors);

    [Theory]
    [InlineData("--pid 1")]
    [InlineData("--pid 1 --descendants --interval 500ms --duration 1.5m --node a --label a=b --label c=d=e --probe-pageout --json -o x.arrow")]
    [InlineData("--cgroup /sys/fs/cgroup")]
    [InlineData("--cpu-budget none --sample 0.1 --fingerprint key --fingerprint-bits 48 --compressed zstd -- true")]
    [InlineData("--cpu-budget 0.5% --sample 10% --compressed lz4 -- true")]
    [InlineData("-- sh -c true --pid 3 --json")]
    public void RightUsageIsNot(string arguments) => Assert.Empty(RecordCommand.Create().Parse(arguments.Split(' ')).Errors);

    [Theory]
    [InlineData("1%", 0.01)]
    [InlineData("0.5%", 0.005)]
    [InlineData("100%", 1.0)]
    [InlineData("0.25", 0.25)]
    [InlineData("1", 1.0)]
    [InlineData("0", null)]
    [InlineData("1.5", null)]
    [InlineData("-1%", null)]
    [InlineData("%", null)]
    [InlineData("ten", null)]
    public void SharesAreAPercentageOrAFraction(string text, double? share) => Assert.Equal(share, ShareText.TryParse(text));

    [Fact]
    public void TheBudgetIsOnePercent_UnlessItIsSaidOrSwitchedOff()
    {
        LinuxOnly.RequirePageMap();
        Assert.Equal(0.01, Budget("a.arrow"));
        Assert.Equal(0.5, Budget("b.arrow", "--cpu-budget", "50%"));
        Assert.Null(Budget("c.arrow", "--cpu-budget", "none"));

        double? Budget(string file, params string[] arguments)
        {
            var (exitCode, output, _) = Run([.. arguments, "--json", "--out", _folder[file], "--", "true"]);
            Assert.Equal(0, exitCode);
            using var summary = JsonDocument.Parse(output);
            var budget = summary.RootElement.GetProperty("cpu_budget_share_of_one_core");
            return budget.ValueKind == JsonValueKind.Null ? null : budget.GetDouble();
        }
    }

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("2s", 2.0)]
    [InlineData("2", 2.0)]
    [InlineData("1.5m", 90.0)]
    [InlineData("1h", 3600.0)]
    [InlineData("0s", null)]
    [InlineData("-1s", null)]
    [InlineData("1d", null)]
    [InlineData("s", null)]
    [InlineData("1e3s", null)]
    [InlineData("99999999h", null)]
    [InlineData("79228162514264337593543950335s", null)]
    public void DurationsAreANumberAndAUnit(string text, double? seconds) => Assert.Equal(seconds, DurationText.TryParse(text)?.TotalSeconds);

    [Fact]
    public void PrintsTheSummary_AndLeavesATrace()
    {
        LinuxOnly.RequirePageMap();
        var (exitCode, output, error) = Run("--json", "--interval", "20ms", "--node", "n", "--label", "class=web", "--out", _folder["a.arrow"], "--", "sh", "-c", "echo hello; exit 3");

        Assert.Equal(0, exitCode);
        Assert.Empty(error);
        using var summary = JsonDocument.Parse(output);
        Assert.Equal("n", summary.RootElement.GetProperty("node").GetString());
        Assert.Equal("processes-ended", summary.RootElement.GetProperty("end").GetString());
        Assert.Equal(3, summary.RootElement.GetProperty("command_exit_code").GetInt32());
        var trace = Trace.Load(_folder["a.arrow"]);
        Assert.Equal(summary.RootElement.GetProperty("rows").GetInt64(), trace.RowCount);
        Assert.Equal("web", trace.Header.Labels["class"]);

        var (again, _, why) = Run("--out", _folder["a.arrow"], "--", "true");
        Assert.Equal(2, again);
        Assert.Contains("exists already", why, StringComparison.Ordinal);
    }

    [Fact]
    public void SaysWhatIsMissing()
    {
        LinuxOnly.RequirePageMap();
        var (exitCode, output, error) = Run("--out", _folder["a.arrow"], "--pid", "2147483647");

        Assert.Equal(1, exitCode);
        Assert.Empty(output);
        Assert.Contains("no process 2147483647", error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = RecordCommand.Create().Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (exitCode, output.ToString(), error.ToString());
    }
}
