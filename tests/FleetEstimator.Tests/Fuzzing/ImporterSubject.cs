using FleetEstimator.Tests.Traces;
using FleetEstimator.Tests.Traces.Import;
using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Fuzzing;

/// <summary>An importer, with a file that the real tool wrote. What it accepts becomes rows that keep the rules as <see cref="NaiveTraceRules"/> know them.</summary>
internal sealed class ImporterSubject : FuzzSubject
{
    private readonly string _format;
    private readonly string _fixture;
    private readonly byte[] _original;

    public ImporterSubject(string format, string fixture)
    {
        (_format, _fixture) = (format, fixture);
        using var whole = Imported.File(fixture);
        _original = new byte[whole.Stream.Length];
        whole.ReadAt(0, _original);
    }

    public override string Name => $"the importer of {_format}, given {_fixture}";

    // What ImportMutationTests.Small allows: items and blocks of some 100 bytes, rows, one file inflated.
    public override long AllocatedBytesMax => 256L << 20;

    public override FuzzInput Next(Random random)
    {
        var isText = Array.IndexOf(_original, (byte)0, 0, Math.Min(_original.Length, 256)) < 0;
        var (how, bytes) = random.Next(8) switch
        {
            0 => ("spliced", ByteMutations.Splice(_original, _original, random)),
            < 5 when isText => ("text changed", TextMutations.Apply(_original, random)),
            _ => ("bytes changed", ByteMutations.Apply((byte[])_original.Clone(), random)),
        };
        return new(how, bytes, Read, answer =>
        {
            if (answer is not Imported { Rows.Count: <= 2000 } imported || imported.Rows.Any(row => row.Operation.Pages > 10_000))
                return;
            var rules = new NaiveTraceRules();
            Assert.All(imported.Rows, row => Assert.True(rules.Take(row.TimeMicroseconds, row.Operation)));
        });
    }

    private Imported? Read(byte[] bytes)
    {
        try
        {
            return Imported.Of(
                _format, ImportMutationTests.Files(_format, _fixture, bytes), new ImportOptions().Add("zero-pages", "resident").Add("op", "access"), ImportMutationTests.Small);
        }
        catch (ImportException exception) when (exception.Problem.Length > 0 && exception.Remedy.Length > 0)
        {
            return null;
        }
    }
}
