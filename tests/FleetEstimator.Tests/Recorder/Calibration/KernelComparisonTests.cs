using FleetEstimator.Paging;
using FleetEstimator.Recorder.Calibration;
using Xunit;

namespace FleetEstimator.Tests.Recorder.Calibration;

[Collection(LinuxOnly.SwapCollection)]
public sealed class KernelComparisonTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("6.1.0-37-amd64", "linux-6.1")]
    [InlineData("6.11.9", "linux-6.1")]
    [InlineData("6.12.0-rc1", "linux-6.12")]
    [InlineData("6.18.44-fc", "linux-6.12")]
    [InlineData("7.0", "linux-6.12")]
    [InlineData("5.15.0", "linux-6.1")]
    public void KernelRelease_IsModelledByTheNearestBaseline(string release, string mechanism) => Assert.Equal(mechanism, Mechanism.OfKernel(release).Name);

    [Fact]
    public void ScenarioWithForks_AgreesStepByStep_OnThisKernel()
    {
        var compared = Compare("mmap 0 0 0 64", "write 0 0 0 48 zero", "write 0 0 16 8 random 5", "pageout 0 0 0 40", "read 0 0 0 20", "fork 0 1", "store 1 0 0 60 7", "fork 1 2",
            "read 2 0 0 64", "dontneed 0 0 8 8", "exit 0", "store 2 0 0 64 0", "munmap 1 0", "mlock 2 0 0 4", "pageout 2 0 0 64");

        Assert.Null(compared.Unavailable);
        Assert.Null(compared.Difference);
        Assert.Equal(15, compared.Equal);
    }

    [Fact]
    public void OperationThisMachineCannotDo_EndsTheScenarioAndIsNamed()
    {
        var compared = Compare("mmap 0 0 0 8", "store 0 0 0 8 1", "reclaim 100", "read 0 0 0 8");

        Assert.StartsWith("reclaim: ", compared.Unavailable, StringComparison.Ordinal);
        Assert.Equal((4, 2, 2), (compared.Steps, compared.Compared, compared.Equal));
    }

    private ScenarioComparison Compare(params string[] operations)
    {
        LinuxOnly.Require();
        if (!Environment.IsPrivilegedProcess || !Directory.Exists("/sys/class/zram-control"))
            Assert.Skip("Running scenarios needs root and zram.");
        var json = $$$"""{"scenario":"one","family":"test","guest":{"swap":"zram","cluster":0},"ops":[{{{string.Join(',', operations.Select(operation => $"\"{operation}\""))}}}],"kernels":{}}""";
        File.WriteAllText(Path.Combine(_folder, "test.jsonl"), json);
        var options = new ComparisonOptions
        {
            ScenarioFolder = _folder,
            StateFolder = Path.Combine(_folder, "state"),
            WorkerCommand = [Path.Combine(AppContext.BaseDirectory, "fleet-estimator"), "scenario-worker"],
        };
        return KernelComparison.Run(options, null, TestContext.Current.CancellationToken).Single().Scenarios.Single();
    }
}
