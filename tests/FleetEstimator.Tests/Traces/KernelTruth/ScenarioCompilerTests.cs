using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.KernelTruth;
using Xunit;
using static FleetEstimator.Paging.OperationKind;
using static FleetEstimator.Paging.PageContent;

namespace FleetEstimator.Tests.Traces.KernelTruth;

public sealed class ScenarioCompilerTests
{
    private static readonly ulong Region0 = ScenarioCompiler.FirstPageOf(0);

    [Fact]
    public void PutsRegionsOnGibibyteBoundaries()
    {
        Assert.Equal(0ul, Region0 % (1 << 18));
        Assert.Equal(1ul << 18, ScenarioCompiler.FirstPageOf(1) - Region0);
    }

    [Fact]
    public void CompilesEveryRecordedScenario() =>
        Assert.All(KernelTruthFiles.All, scenario => Assert.Equal(scenario.Operations.Count, ScenarioCompiler.Compile(scenario).Count));

    [Fact]
    public void KeepsTheOrderOfOperationsASecondApart()
    {
        var steps = ScenarioCompiler.Compile(Of("mmap 0 0 0 4", "read 0 0 1 2", "reclaim 9", "settle 0", "limit 5", "fork 0 1", "munmap 1 0", "exit 1"));
        Assert.Equal(
            [
                new(Map, 0, Region0, 4), new(Read, 0, Region0 + 1, 2), new(Reclaim, 0, 0, 9), new(Settle, 0, 0, 1), new(Limit, 0, 0, 5),
                new(Fork, 0, 1, 1), new(Unmap, 1, Region0, 4), new Operation(Exit, 1, 0, 1),
            ],
            steps.Select(step => Assert.Single(step.Rows).Operation));
        Assert.Equal(Enumerable.Range(0, 8).Select(step => (ulong)step * 1_000_000), steps.Select(step => step.Rows[0].TimeMicroseconds));
    }

    [Theory]
    [InlineData("4 Zero", "write 0 0 0 4 zero")]
    [InlineData("4 Data", "write 0 0 0 4 random 5")]
    [InlineData("4 Data", "write 0 0 0 4 half 5")]
    [InlineData("4 Repeated 258", "write 0 0 0 4 same 258")]
    [InlineData("4 Zero", "write 0 0 0 4 same 0")]
    [InlineData("4 Zero", "store 0 0 0 4 0")]
    [InlineData("4 Data", "store 0 0 0 4 7")]
    [InlineData("1 Zero, 2 Data, 1 Zero", "write 0 0 1 2 random", "store 0 0 0 4 0")]
    [InlineData("4 Zero", "store 0 0 0 4 7", "store 0 0 0 4 0")]
    [InlineData("4 Data", "write 0 0 0 4 random 5", "store 0 0 0 4 0")]
    [InlineData("4 Data", "write 0 0 0 4 same 258", "store 0 0 0 4 0")]
    [InlineData("4 Repeated 258", "write 0 0 0 4 same 258", "store 0 0 0 4 0", "store 0 0 0 4 2")]
    [InlineData("2 Repeated 258, 2 Data", "write 0 0 0 2 same 258", "write 0 0 2 2 half", "store 0 0 0 4 2")]
    [InlineData("2 Data, 2 Zero", "write 0 0 0 4 random", "dontneed 0 0 2 2", "store 0 0 0 4 0")]
    [InlineData("4 Data", "write 0 0 0 4 random", "mlock 0 0 1 1", "dontneed 0 0 1 2", "store 0 0 0 4 0")]
    [InlineData("1 Zero, 3 Data", "write 0 0 0 4 random", "mlock 0 0 1 1", "dontneed 0 0 0 4", "store 0 0 0 4 0")]
    [InlineData("4 Zero", "write 0 0 0 4 random", "mlock 0 0 1 1", "munlock 0 0 1 1", "dontneed 0 0 0 4", "store 0 0 0 4 0")]
    [InlineData("4 Data", "write 0 0 0 4 random", "free 0 0 0 4", "store 0 0 0 4 0")]
    [InlineData("2 Zero, 2 Data", "write 0 0 0 4 random", "free 0 0 0 4", "pageout 0 0 0 2", "store 0 0 0 4 0")]
    [InlineData("2 Zero, 2 Data", "write 0 0 0 4 random", "pageout 0 0 0 2", "free 0 0 0 4", "store 0 0 0 4 0")]
    [InlineData("4 Data", "write 0 0 0 4 random", "pageout 0 0 0 4", "read 0 0 0 4", "free 0 0 0 4", "store 0 0 0 4 0")]
    [InlineData("4 Data", "write 0 0 0 4 random", "free 0 0 0 4", "store 0 0 0 4 0", "pageout 0 0 0 4", "store 0 0 0 4 0")]
    [InlineData("4 Zero", "write 0 0 0 4 random", "free 0 0 0 4", "reclaim 100000", "store 0 0 0 4 0")]
    [InlineData("4 Zero", "write 0 0 0 4 random", "munmap 0 0", "mmap 0 0 0 4", "store 0 0 0 4 0")]
    [InlineData("4 Data", "write 0 0 0 4 random", "fork 0 1", "write 0 0 0 4 zero", "store 1 0 0 4 0")]
    [InlineData("4 Zero", "fork 0 1", "write 0 0 0 4 random", "store 1 0 0 4 0")]
    public void StatesTheContentThatResults(string expected, params string[] operations)
    {
        var last = ScenarioCompiler.Compile(Of(["mmap 0 0 0 4", .. operations]))[^1];
        Assert.Equal(expected, string.Join(", ", last.Rows.Select(Describe)));
    }

    [Fact]
    public void StatesANominalCompressedSize_OfAWholePageWhereNothingCompresses()
    {
        var steps = ScenarioCompiler.Compile(Of("mmap 0 0 0 4", "write 0 0 0 4 random", "write 0 0 0 4 half", "store 0 0 0 4 1", "write 0 0 0 4 zero"));
        Assert.Equal([4096, 2112, 2112, 64], steps.Skip(1).Select(step => (int)Assert.Single(step.Rows).Operation.CompressedBytes));
    }

    [Theory]
    [InlineData("read 0 0 0 1", "has not mapped region 0", "mmap 0 1 0 4")]
    [InlineData("read 0 1 3 2", "ends at page 5, but region 1 has 4", "mmap 0 1 0 4")]
    [InlineData("mmap 0 1 0 4", "mapped region 1 already", "mmap 0 1 0 4")]
    [InlineData("mmap 0 2 1 4", "not from page 1", "mmap 0 1 0 4")]
    [InlineData("fork 0 1", "worker 1 is alive already", "mmap 1 1 0 4")]
    [InlineData("fork 0 0", "worker 0 is alive already", "mmap 0 1 0 4")]
    [InlineData("read 0 1 0 1", "has not mapped region 1", "exit 0")]
    public void NamesFileLineAndOperation_WhenOperationsDoNotFit(string bad, string problem, string first)
    {
        var exception = Assert.Throws<ScenarioException>(() => ScenarioCompiler.Compile(Of(first, bad)));
        Assert.Equal(("scenarios.jsonl", 3, $"operation 2, \"{bad}\""), (exception.FilePath, exception.Line, exception.Operation));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    // What a 6.12 kernel found to be zero-filled when it swapped a page out is an independent witness of the content stated here.
    [Theory]
    [InlineData("anon-zram")]
    [InlineData("advice-zram")]
    public void AgreesWithTheKernelOnWhichPagesAreZeroFilled(string family)
    {
        var checkedPages = 0L;
        foreach (var scenario in KernelTruthFiles.All.Where(scenario => scenario.Family == family))
        {
            var truth = ((KernelSteps)scenario.Kernels["linux-6.12"]).Steps;
            var contents = new Dictionary<ulong, PageContent>();
            foreach (var (step, index) in ScenarioCompiler.Compile(scenario).Take(truth.Count).Select((step, index) => (step, index)))
            {
                if (step.Source.Verb == ScenarioVerb.PageOut)
                {
                    var out612 = PagesSwappedOut(truth[index - 1], truth[index]).ToList();
                    Assert.True(
                        truth[index]["swpout_zero"] == out612.Count(page => contents.GetValueOrDefault(page, Zero) == Zero),
                        $"{scenario}, operation {index + 1}, {step.Source}");
                    checkedPages += out612.Count;
                }

                foreach (var write in step.Rows.Select(row => row.Operation).Where(operation => operation.Kind == Write))
                {
                    for (var page = write.Page; page < write.Page + write.Pages; page++)
                        contents[page] = write.Content;
                }
            }
        }

        Assert.True(checkedPages > 1000);
    }

    [Fact]
    public void WritesTracesThatReadBackTheSame()
    {
        using var folder = new TemporaryFolder();
        foreach (var scenario in KernelTruthFiles.All)
        {
            ScenarioTrace.Write(scenario, folder["s.arrow"]);
            var trace = Trace.Load(folder["s.arrow"]);
            Assert.Equal(ScenarioCompiler.Compile(scenario).SelectMany(step => step.Rows), Enumerable.Range(0, trace.RowCount).Select(trace.Row));
            Assert.Equal($"{scenario.Family}/{scenario.Name}", trace.Header.Node);
        }
    }

    private static IEnumerable<ulong> PagesSwappedOut(KernelStep before, KernelStep after)
    {
        foreach (var (region, states) in before.Pages)
        {
            var (old, now) = (states.Expand(), after.Pages[region].Expand());
            for (var page = 0; page < old.Length; page++)
            {
                if (old[page] == 'P' && now[page] == 'S')
                    yield return ScenarioCompiler.FirstPageOf(region.Region) + (ulong)page;
            }
        }
    }

    private static Scenario Of(params string[] operations) => Scenario.Parse(
        $$$"""
        {"scenario":"s","family":"f","guest":{"swap":"zram","cluster":0},"ops":[{{{string.Join(',', operations.Select(o => $"\"{o}\""))}}}],"kernels":{}}
        """,
        "scenarios.jsonl",
        3);

    private static string Describe(TraceRow row) =>
        $"{row.Operation.Pages} {row.Operation.Content}{(row.Operation.Content == Repeated ? $" {row.Fill}" : "")}";
}
