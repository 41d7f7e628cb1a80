using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class StudyReaderTests
{
    private const long GiB = 1L << 30;

    [Fact]
    public void ReadsTheContractsExample_Verbatim()
    {
        var study = StudyReader.Read(Studies.Example, "study.yaml");

        Assert.Equal("zero-pfn-rollout", study.Name);
        Assert.Equal(7ul, study.Seed);
        Assert.Equal(["linux-6.12", "linux-6.12+zero-pfn-swapin", "linux-6.12+zero-at-swapout"], study.Mechanisms);
        Assert.Equal("linux-6.12", study.Baseline);
        Assert.Equal(0, study.BaselineIndex);
        Assert.Equal(0.95, study.Level);
        Assert.Null(study.DurationMicroseconds);
        Assert.Equal(new WarmUp { Share = 0.25 }, study.WarmUp);
        Assert.Equal(40_000, study.Nodes);
        var web = Assert.Single(study.Classes);
        Assert.Equal([new RecordingPattern("traces/web-*.arrow")], web.Recordings);
        Assert.Equal(
            new NodeClass
            {
                Name = "web",
                Nodes = 40_000,
                MemoryBytes = 64 * GiB,
                UnmodelledBytes = 12 * GiB,
                Recordings = web.Recordings,
                Instances = null,
                Limit = new MemoryLimit { OfPeak = 0.7 },
                Start = StartOffset.Random,
                Lru = LruKind.MultiGenerational,
                Swap = new SwapDefinition { Device = SwapDevice.Zram, SizeBytes = 16 * GiB, PageCluster = 0, CompressionRatio = 3.0 },
            },
            web);
        Assert.Equal(
            [
                new Claim
                {
                    Metric = "zero_filled_share/swapped_out_pages", Is = "> 10%", Scope = "fleet", Mechanism = "linux-6.12",
                    Subject = ClaimSubject.Level, Comparison = Comparison.Above, Threshold = 0.1,
                },
                new Claim
                {
                    Metric = "memory_mean", Is = "saved > 2%", Scope = "class:web", Mechanism = "linux-6.12+zero-pfn-swapin",
                    Subject = ClaimSubject.SavedShare, Comparison = Comparison.Above, Threshold = 0.02,
                },
            ],
            study.Claims);
    }

    [Fact]
    public void UsesDefaults_WhereAStudySaysTheLeast()
    {
        var study = StudyReader.Read(Studies.Least, "study.yaml");

        Assert.Equal((1ul, "linux-6.12", 0.95), (study.Seed, study.Baseline, study.Level));
        Assert.Equal(WarmUp.Default, study.WarmUp);
        Assert.Empty(study.Claims);
        var db = Assert.Single(study.Classes);
        Assert.Null(db.Instances);
        Assert.True(db.Limit.IsNone);
        Assert.Equal(SwapDefinition.None, db.Swap);
        Assert.Equal((0L, StartOffset.Random, LruKind.MultiGenerational), (db.UnmodelledBytes, db.Start, db.Lru));
    }

    [Fact]
    public void ReadsEveryWayOfSayingThings()
    {
        var study = StudyReader.Read(Studies.Everything, "study.yaml");

        Assert.Equal(("2026.06_full-study", ulong.MaxValue, "linux-6.1", 0.995), (study.Name, study.Seed, study.Baseline, study.Level));
        Assert.Equal(5_400_000_000, study.DurationMicroseconds);
        Assert.Equal(new WarmUp { Microseconds = 90_000_000 }, study.WarmUp);
        var (web, ssd, db) = (study.Classes[0], study.Classes[1], study.Classes[2]);
        Assert.Equal(0.625, web.GroupLimit.OfPeak);
        Assert.Equal((true, new ProactiveReclaim { IntervalMicroseconds = 2_500_000, Ratio = 0.0007, Pressure = 0.01 }), (web.Watermarks, web.Proactive));
        Assert.Equal((new HugePageDefinition { Size2M = HugePages.Madvise, Size64K = HugePages.Always, MaxPtesNone = 409 }, 0.125), (web.HugePages, web.ZeroPageForbidden));
        Assert.Equal(new SwapDefinition { Device = SwapDevice.Ssd, SizeBytes = GiB, PageCluster = 3, Zswap = true }, ssd.Swap);
        Assert.Equal((new KsmSettings(4000, 10), new KsmSettings()), (web.Ksm, ssd.Ksm));
        Assert.Equal((1L << 20, false, new ProactiveReclaim()), (ssd.GroupLimit.Bytes, ssd.Watermarks, ssd.Proactive));
        Assert.Equal((64 * GiB, 10_000, 512L << 20, StartOffset.Beginning), (web.MemoryBytes, web.Instances, web.Limit.Bytes, web.Start));
        Assert.Equal(new SwapDefinition { Device = SwapDevice.Zram, SizeBytes = 1536 * GiB, PageCluster = 5, CompressionRatio = 2.75 }, web.Swap);
        Assert.Equal((400, "small", 0.075, 1.0), (web.Frame, web.Collapse, web.ZeroPages, web.Loads));
        Assert.Equal((null, null, null, null), (ssd.Frame, ssd.Collapse, ssd.ZeroPages, ssd.Loads));
        Assert.Equal([new("store:b", 0.25), new RecordingPattern("x*.arrow", 12)], study.Classes[3].Recordings.Skip(2));
        Assert.Equal((0.025, 2, 1.1), (study.Simulation!.HalfWidth, study.Simulation.Metrics.Count, study.RightSize!.OfBaseline));
        Assert.Equal((1024 * GiB, 512 * GiB, 1.0), (db.MemoryBytes, db.UnmodelledBytes, db.Limit.OfPeak));
        Assert.Equal(
            [
                (ClaimSubject.Level, Comparison.AtLeast, 2.0 * GiB), (ClaimSubject.Level, Comparison.AtMost, 4096), (ClaimSubject.Level, Comparison.Below, 5.5),
                (ClaimSubject.Saved, Comparison.AtLeast, 100.0 * (1 << 20)), (ClaimSubject.Level, Comparison.Below, 1.0 * GiB),
                (ClaimSubject.SavedShare, Comparison.Above, -0.0125), (ClaimSubject.Level, Comparison.Above, 0.1),
                (ClaimSubject.Saved, Comparison.Above, 1125899906842625.0), (ClaimSubject.SavedShare, Comparison.Above, 0.01),
            ],
            study.Claims.Select(claim => (claim.Subject, claim.Comparison, claim.Threshold)));
    }

    [Theory]
    [InlineData("mechanisms: [linux-6.1, linux-6.12]", "linux-6.12")]
    [InlineData("mechanisms: [linux-6.12+zero-at-swapout, linux-6.1]", "linux-6.12+zero-at-swapout")]
    public void TakesLinux612AsBaseline_OrElseTheFirstMechanism(string mechanisms, string baseline) =>
        Assert.Equal(baseline, StudyReader.Read(Studies.Least.Replace("mechanisms: [linux-6.12]", mechanisms, StringComparison.Ordinal), "study.yaml").Baseline);

    [Fact]
    public void ListsAllErrorsByPlace_WhenSeveralThingsAreWrong()
    {
        const string yaml = """
            study: a b
            mechanisms: [linux-6.12, linux-6.13]
            levl: 95%
            classes:
              - name: web
                nodes: 0
                memory: 16 GB
                recordings: []
              - name: web
                nodes: 1
                memory: 1 GiB
                unmodelled: 1 GiB
                recordings: [a]
                limit: 1 MiB
            """;

        var exception = Assert.Throws<StudyException>(() => StudyReader.Read(yaml, "wrong.yaml"));

        Assert.Equal(
            [
                (1, 8, "study"), (2, 26, "mechanisms[1]"), (3, 1, "levl"), (6, 12, "classes[0].nodes"), (7, 13, "classes[0].memory"),
                (8, 17, "classes[0].recordings"), (9, 5, "classes[1].swap"), (9, 11, "classes[1].name"), (12, 17, "classes[1].unmodelled"),
            ],
            exception.Errors.Select(error => (error.Line, error.Column, error.Field)));
        Assert.All(exception.Errors, error => Assert.Equal("wrong.yaml", error.File));
        Assert.Contains("wrong.yaml:7:13: classes[0].memory: '16 GB' has the unit GB, which is not among the binary ones; use GiB", exception.Message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'level'?", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KeepsToItsLimits_WhenAFileIsHostile()
    {
        AssertRefused(new string('[', 1000), 1, "", "nested more than");
        AssertRefused(string.Concat(Enumerable.Repeat("{a: ", 1000)), 1, "", "nested more than");
        AssertRefused(Studies.Least + "\n# " + new string('x', 1 << 20), 1, "", "characters");
        Assert.Equal(100, Assert.Throws<StudyException>(() => StudyReader.Read(string.Concat(Enumerable.Repeat("a: 1\n", 100_000)), "study.yaml")).Errors.Count);
        AssertRefused("a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nstudy: *c", 1, "", "the anchor &a");
    }

    [Fact]
    public void NeverThrowsAnythingElse_WhenAnExampleIsMutilated()
    {
        var random = new Random(7);
        const string splices = "{}[]:,-&*!|>'\"%@`#\n\t ~0?\\uUx\u0001é";
        for (var round = 0; round < 3000; round++)
        {
            var text = Studies.Everything.ToCharArray().ToList();
            for (var edit = random.Next(1, 4); edit > 0; edit--)
            {
                var place = random.Next(text.Count);
                if (random.Next(2) == 0)
                    text.RemoveAt(place);
                else
                    text.Insert(place, splices[random.Next(splices.Length)]);
            }

            var yaml = string.Concat(text);
            try
            {
                StudyReader.Read(yaml, "study.yaml");
            }
            catch (StudyException exception)
            {
                Assert.All(exception.Errors, error => Assert.True(error.Line >= 1 && error.Column >= 1 && error.Problem.Length > 0 && error.Remedy.Length > 0, yaml));
            }
        }
    }

    [Theory]
    [MemberData(nameof(WrongStudies.Rows), MemberType = typeof(WrongStudies))]
    public void RefusesWithPlaceFieldAndRemedy(string yaml, int line, string field, string fragment) => AssertRefused(yaml, line, field, fragment);

    private static void AssertRefused(string yaml, int line, string field, string fragment)
    {
        var exception = Assert.Throws<StudyException>(() => StudyReader.Read(yaml, "study.yaml"));
        Assert.True(
            exception.Errors.Any(error => error.Line == line && error.Field == field && error.ToString().Contains(fragment, StringComparison.Ordinal)),
            $"Expected line {line}, field '{field}', '{fragment}' among:\n{exception.Message}");
    }
}
