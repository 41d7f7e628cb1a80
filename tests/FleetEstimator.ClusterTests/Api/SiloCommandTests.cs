using System.CommandLine;
using FleetEstimator.Cli;
using Xunit;

namespace FleetEstimator.ClusterTests.Api;

public sealed class SiloCommandTests : IDisposable
{
    private const string Ready = " is ready at ";

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Silo_SaysWhereItIsReady_LocksItsState_AndExits0WhenItIsStopped()
    {
        using var stop = new CancellationTokenSource();
        using var said = new LineWatch(Ready);
        var running = Command("--name", "first").InvokeAsync(new InvocationConfiguration { Error = said }, stop.Token);
        var line = await said.Line.WaitAsync(Cancellation);
        Assert.StartsWith("silo first is ready at http://127.0.0.1:", line, StringComparison.Ordinal);
        using (var http = new HttpClient())
            Assert.Equal("ready\n", await http.GetStringAsync($"{line[(line.IndexOf(Ready, StringComparison.Ordinal) + Ready.Length)..]}/health/ready", Cancellation));

        using var error = new StringWriter();
        Assert.Equal(ExitCode.Failed, await Command().InvokeAsync(new InvocationConfiguration { Error = error }, Cancellation));
        Assert.Contains("is used by another process", error.ToString(), StringComparison.Ordinal);

        await stop.CancelAsync();
        Assert.Equal(ExitCode.Done, await running);
    }

    [Theory]
    [InlineData("--postgres", "nonsense", "--postgres: ")]
    [InlineData("--cluster-id", "a b", "--cluster-id: ")]
    [InlineData("--address", "0.0.0.0", "--address: ")]
    public async Task WrongSetting_Exits2_AndNamesTheOption(string option, string value, string message)
    {
        using var error = new StringWriter();
        string[] cluster = option == "--postgres" ? [] : ["--postgres", "Host=nowhere.invalid"];
        Assert.Equal(ExitCode.WrongUsage, await Command([option, value, .. cluster]).InvokeAsync(new InvocationConfiguration { Error = error }, Cancellation));
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--http", "https://127.0.0.1:8080")]
    [InlineData("--http", "http://silo.example:8080")]
    [InlineData("--memory", "much")]
    [InlineData("--cores", "0")]
    [InlineData("--redis", "redis.example:6379")]
    public void WrongOption_IsRefused(string option, string value) => Assert.NotEmpty(SiloCommand.Create().Parse([option, value]).Errors);

    private ParseResult Command(params string[] arguments) => SiloCommand.Create().Parse(["--http", "http://127.0.0.1:0", "--data", _folder, "--cores", "1", .. arguments]);

    /// <summary>Waits for a line that holds a text.</summary>
    private sealed class LineWatch(string text) : StringWriter
    {
        private readonly TaskCompletionSource<string> _line = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> Line => _line.Task;

        public override void WriteLine(string? value)
        {
            if (value?.Contains(text, StringComparison.Ordinal) == true)
                _line.TrySetResult(value);
        }
    }
}
