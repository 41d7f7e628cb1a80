using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Cli;
using FleetEstimator.Estimation;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Cli.Generate;

public sealed class GenerateCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Recordings that the model is held against.</summary>
    public static TheoryData<string> Recorded =>
        ["chromium-browse", "dotnet-build", "duckdb-reports", "javac-build", "kernel-build", "mariadb-sysbench", "node-build", "pg-pgbench", "python-job", "redis-shop", "rust-build", "tomcat-web"];

    // The tolerances that the README of FleetEstimator.Traces states, for two seeds each.
    [Theory]
    [MemberData(nameof(Recorded))]
    public void AGeneratedTraceResemblesTheRecording(string name)
    {
        var original = Trace.Load(Recordings.PathOf(name));
        var model = ModelFile.FitTo(original);
        for (var seed = 1UL; seed <= 2; seed++)
        {
            var fit = GoodnessOfFit.Of(original, model, seed, new ReplayLimit(null, 0.7));
            Relative(fit.Unlimited, "resident, mean over time", 0.06);
            Relative(fit.Unlimited, "resident, peak", 0.06);
            foreach (var window in fit.Unlimited.Where(figure => figure.Figure.StartsWith("working set", StringComparison.Ordinal)))
                Relative(fit.Unlimited, window.Figure, 0.2);
            Points(fit.Unlimited, "zero-filled, of resident pages over time", 3);
            Points(fit.Limited, "zero-filled, of pages swapped out", 15);
            Factor(fit.Limited, "pages swapped out", 2.5);
            Factor(fit.Limited, "pages swapped in", 3.5);
            Points(fit.Limited, "came back by a store, of other pages", MixPoints(name));
            if (PagesEnoughForAMix(original))
                Points(fit.Limited, "came back by a store, of zero-filled pages", 10);
        }
    }

    [Fact]
    public void TheSameSeedGivesTheSameBytes_WithOrWithoutAFileBetween()
    {
        var trace = Recordings.PathOf("redis-shop");
        Assert.Equal(0, Run(FitCommand.Create(), trace, "--out", _folder["m.yaml"], "--limit", "60%").ExitCode);
        Assert.Equal(0, Run(GenerateCommand.Create(), "--model", _folder["m.yaml"], "--seed", "3", "--out", _folder["a.arrow"]).ExitCode);
        Assert.Equal(0, Run(GenerateCommand.Create(), "--like", trace, "--seed", "3", "--out", _folder["b.arrow"]).ExitCode);
        Assert.Equal(0, Run(GenerateCommand.Create(), "--like", trace, "--seed", "4", "--out", _folder["c.arrow"]).ExitCode);
        Assert.Equal(File.ReadAllBytes(_folder["a.arrow"]), File.ReadAllBytes(_folder["b.arrow"]));
        Assert.NotEqual(File.ReadAllBytes(_folder["a.arrow"]), File.ReadAllBytes(_folder["c.arrow"]));
        Assert.Equal(4, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void FitShowsBothSideBySide()
    {
        var (exitCode, output, error) = Run(FitCommand.Create(), Recordings.PathOf("redis-shop"), "--out", _folder["m.yaml"]);
        Assert.Equal(0, exitCode);
        Assert.Contains("wrote", error, StringComparison.Ordinal);
        Assert.All(["trace", "generated", "working set in 5 s", "Under the limit", "pages swapped in"], text => Assert.Contains(text, output, StringComparison.Ordinal));
        using var json = JsonDocument.Parse(Run(FitCommand.Create(), Recordings.PathOf("redis-shop"), "--out", _folder["m.yaml"], "--json").Output);
        Assert.Equal(["seed", "limit_bytes", "unlimited", "limited"], json.RootElement.EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public void InspectSaysThatATraceIsSynthetic()
    {
        Run(GenerateCommand.Create(), "--like", Recordings.PathOf("redis-shop"), "--out", _folder["a.arrow"], "--pages", "2000", "--duration", "20s");
        var output = Run(InspectCommand.Create(), _folder["a.arrow"]).Output;
        Assert.Contains("Synthetic: this trace was generated", output, StringComparison.Ordinal);
        Assert.Contains("from a model of redis-shop with seed 1", output, StringComparison.Ordinal);
        Assert.Equal(20_000_000, (double)Trace.Load(_folder["a.arrow"]).DurationMicroseconds, 100_000.0);
    }

    [Fact]
    public void EverythingWrongWithAModelIsSaid_WithLineAndField()
    {
        Run(FitCommand.Create(), Recordings.PathOf("redis-shop"), "--out", _folder["m.yaml"]);
        var lines = File.ReadAllLines(_folder["m.yaml"]).ToList();
        Change("version: 1", "version: 2");
        Change("page_size: 4 KiB", "page_size: 5 KiB");
        Change("swap:", "swapp:");
        Change("  neighbours: ", "  neighbours: 1.5 # ");
        Change("  lasting: [", "  lasting: [0.5, 0.2] # ");
        Change("  - {steps: 1,", "  - {steps: -1,");
        File.WriteAllLines(_folder["bad.yaml"], lines);
        var (exitCode, output, error) = Run(GenerateCommand.Create(), "--model", _folder["bad.yaml"], "--out", _folder["x.arrow"]);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.All(
            ["version", "page_size", "swapp", "swap: is missing", "accessed.neighbours", "processes.lasting", "phases[0].steps"],
            field => Assert.Contains(field, error, StringComparison.Ordinal));
        Assert.All(error.TrimEnd().Split('\n'), line => Assert.Matches(@"bad\.yaml:[0-9]+:[0-9]+: ", line));
        Assert.False(File.Exists(_folder["x.arrow"]));

        void Change(string from, string to)
        {
            var at = lines.FindIndex(line => line.StartsWith(from, StringComparison.Ordinal));
            lines[at] = to + lines[at][from.Length..];
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a: [1")]
    [InlineData("[]")]
    [InlineData("model: x")]
    [InlineData("- model")]
    public void ABrokenModelIsRefused(string yaml) => Assert.NotEmpty(Assert.Throws<StudyException>(() => WorkloadModelReader.Read(yaml, "m.yaml")).Errors);

    [Fact]
    public void WrongUsageIsAnError()
    {
        Assert.NotEmpty(GenerateCommand.Create().Parse(["--out", "a"]).Errors);
        Assert.NotEmpty(GenerateCommand.Create().Parse(["--model", "m", "--like", "t", "--out", "a"]).Errors);
        Assert.NotEmpty(GenerateCommand.Create().Parse(["--model", "m", "--out", "a", "--pages", "0"]).Errors);
        Assert.Equal(2, Run(GenerateCommand.Create(), "--model", _folder["none.yaml"], "--out", _folder["a.arrow"]).ExitCode);
        Assert.Equal(3, Run(GenerateCommand.Create(), "--like", _folder["none.arrow"], "--out", _folder["a.arrow"]).ExitCode);
        Assert.Equal(1, Run(GenerateCommand.Create(), "--like", Recordings.PathOf("redis-shop"), "--out", _folder["none/a.arrow"]).ExitCode);
    }

    // These two swap in much at one time of their own, or by the order of addresses: README.md tells.
    private static double MixPoints(string name) => name is "mariadb-sysbench" or "rust-build" ? 17 : 11;

    private static bool PagesEnoughForAMix(Trace trace) => TraceInspection.Of(trace, new ReplayLimit(null, 0.7).PagesFor(trace)).Details!.AfterSwapIn.ZeroFilled.Pages >= 500;

    private static FigureDifference Figure(IReadOnlyList<FigureDifference> figures, string name) => figures.Single(figure => figure.Figure == name);

    private static void Relative(IReadOnlyList<FigureDifference> figures, string name, double tolerance)
    {
        var figure = Figure(figures, name);
        Assert.True(Math.Abs(figure.Difference!.Value) <= tolerance * figure.A!.Value, $"{name}: {figure.A} and {figure.B}");
    }

    private static void Points(IReadOnlyList<FigureDifference> figures, string name, double tolerance)
    {
        var figure = Figure(figures, name);
        Assert.True(Math.Abs(figure.Difference!.Value) <= tolerance / 100, $"{name}: {figure.A} and {figure.B}");
    }

    private static void Factor(IReadOnlyList<FigureDifference> figures, string name, double factor)
    {
        var figure = Figure(figures, name);
        Assert.True(figure.B <= figure.A * factor && figure.B >= figure.A / factor, $"{name}: {figure.A} and {figure.B}");
    }

    private static (int ExitCode, string Output, string Error) Run(Command command, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = command.Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (exitCode, output.ToString(), error.ToString());
    }
}
