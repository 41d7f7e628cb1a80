using FleetEstimator.Tests.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Fuzzing;

/// <summary>
/// Hostile files, 20,000 for each reader of this project's own formats and 20,000 for all importers together; .ci/long runs 1,000,000 (FUZZ_INPUTS).
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    /// <summary>Importers, each with a file of the real tool.</summary>
    public static TheoryData<string, string> Fixtures => ImportMutationTests.Fixtures;

    [Fact]
    public void TracesAreAcceptedAndRight_OrRefused() => Run(new TraceSubject(), Fuzzer.Inputs);

    [Fact]
    public void CountersFilesAreAcceptedAndRight_OrRefused() => Run(new CountersSubject(), Fuzzer.Inputs);

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void FilesToImportAreAcceptedAndKeepTheRules_OrAreRefused(string format, string fixture) =>
        Run(new ImporterSubject(format, fixture), (Fuzzer.Inputs + Fixtures.Count - 1) / Fixtures.Count, mayRefuseAll: true);

    private void Run(FuzzSubject subject, int inputs, bool mayRefuseAll = false)
    {
        if (Environment.GetEnvironmentVariable("FUZZ_SUBJECT") is { Length: > 0 } part)
            Assert.SkipUnless(subject.Name.Contains(part, StringComparison.Ordinal), $"FUZZ_SUBJECT is {part}");
        var tally = Fuzzer.Run(subject, inputs);
        output.WriteLine($"{subject.Name}, {inputs} inputs\n{tally}");

        // A fuzzer that makes only good or only bad files shows nothing.
        if (inputs >= 1000 && Environment.GetEnvironmentVariable("FUZZ_INPUT") is null)
        {
            Assert.NotEqual(0, tally.Refused);
            Assert.True(mayRefuseAll || tally.Accepted > inputs / 100);
        }
    }
}
