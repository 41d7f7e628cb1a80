using CsCheck;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using FleetEstimator.Reports;
using Xunit;

namespace FleetEstimator.Tests.Reports;

public sealed class ReportTextTests
{
    [Fact]
    public void TellsHowEachRecordingFared()
    {
        var result = SampleStudy.Realistic().Estimate();
        using var writer = new StringWriter();

        ReportText.Write(result, writer);

        var text = writer.ToString();
        Assert.Contains("node-a, driven: Pages swapped in: the model has 10% fewer than were counted.", text.ReplaceLineEndings(" ").Replace("     ", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("Not backtested, no kernel counters were recorded with it: node-b", text, StringComparison.Ordinal);
    }

    private static readonly Gen<SampleStudy.Shape> Shapes =
        from seed in Gen.Int[1, 1000]
        from classes in Gen.String[Gen.Char.AlphaNumeric, 1, 100].List[1, 5]
        from mechanisms in Gen.Int[1, 5]
        from recordings in Gen.Int[1, 6]
        from nodes in Gen.Int[0, 9]
        from scale in Gen.Double[-3, 4]
        from unknown in Gen.Bool
        from label in Gen.String[0, 60]
        select new SampleStudy.Shape
        {
            Seed = seed,
            Classes = [.. classes.Distinct(StringComparer.Ordinal)],
            Mechanisms = [.. Mechanism.All.Take(mechanisms).Select(mechanism => mechanism.Name)],
            Recordings = recordings,
            RecordingsPerClass = recordings,
            NodesOfFirstClass = (int)Math.Pow(10, nodes),
            Scale = Math.Pow(10, scale),
            UnknownAccesses = unknown,
            RecordingLabel = label,
        };

    [Fact]
    public void TellsClaimsLevels_WhatIfs_AndHowMuchWasSimulated()
    {
        var text = Text(SampleStudy.Realistic().EstimateWhatIf()).ReplaceLineEndings(" ");

        var places = new[]
        {
            "claims are judged together (Holm 1979), so that at 95%", "Smallest memory limit", "Memory saved on a node: a tenth, half and nine tenths", "How much was simulated",
            "it would take about", "What if, on the same nodes (exploratory", "web.limit = none (in the study: {of_peak: 70%})", "; change ", "Memory saved by +zero-pfn-swapin:",
        }.Select(part => text.IndexOf(part, StringComparison.Ordinal)).ToArray();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Fact]
    public void SaysEverythingInOrder()
    {
        var text = Text(SampleStudy.Realistic().Estimate());

        var places = new[]
        {
            "zero-pfn-rollout: Of 2 mechanisms", "95% interval", "8 recordings", "Claims", "✓ supported  Fleet: Zero-filled share of pages swapped out > 10%", "Under linux-6.12",
            "Saved by linux-6.12+zero-pfn-swapin", "Saved by linux-6.12+zero-at-swapout", "loads", "Zero-filled pages under linux-6.12, as a share of",
        }.Select(part => text.IndexOf(part, StringComparison.Ordinal)).ToArray();

        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Fact]
    public void EveryPartOfTheFleetHasItsFigures_WithIntervalAndShare()
    {
        var result = SampleStudy.Realistic().Estimate();
        var text = Text(result);

        foreach (var estimate in result.Estimates.Where(estimate => estimate.Against is not null && MetricWording.Savings.Any(wording => wording.Metric == estimate.Metric)))
        {
            var saved = estimate.Saved!;
            Assert.Contains(FigureFormat.Text(saved, estimate.Unit, Typography.Terminal).Value.Replace(" faults", "", StringComparison.Ordinal), text, StringComparison.Ordinal);
            Assert.Contains(FigureFormat.For(saved, estimate.Unit, Typography.Terminal).Ends(saved)!, text, StringComparison.Ordinal);
            Assert.Contains(FigureFormat.Text(estimate.SavedShare!, MetricUnit.One, Typography.Terminal).Value, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void SaysOnceWhyThereIsNoInterval()
    {
        var text = Text(SampleStudy.Make(new() { Classes = ["web"], Recordings = 2, RecordingsPerClass = 2 }).Estimate());

        Assert.Contains("no interval [1]", text, StringComparison.Ordinal);
        Assert.Contains("[1] class web has 2 recordings; an interval needs at least 3", text, StringComparison.Ordinal);
        Assert.Contains("with no interval (class web has 2 recordings", text, StringComparison.Ordinal);
        Assert.Contains("it is estimated to avoid", text.Replace('\n', ' '), StringComparison.Ordinal);
    }

    [Fact]
    public void ShortensLongNames_AndSaysWhatTheyStandFor()
    {
        var name = new string('w', 90);

        var text = Text(SampleStudy.Make(new() { Classes = [name, "db"] }).Estimate());

        Assert.Contains("wwwwwwwwwwwwww~1 =\n  " + name, text, StringComparison.Ordinal);
    }

    [Fact]
    public void SaysThatTheResultIsPartial_AndNamesSomeOfTheFailedNodes()
    {
        var failed = Enumerable.Range(0, 30).Select(node => new FailedNode("web", node, "node-00", "the limit is below what one copy needs")).ToArray();

        var text = Text(SampleStudy.Realistic().Estimate(failed));

        Assert.Contains("PARTIAL: 30 nodes could not be simulated.", text, StringComparison.Ordinal);
        Assert.Contains("- web 0 (node-00): the limit is below what one copy needs", text, StringComparison.Ordinal);
        Assert.Contains("and 20 more, listed in report.json", text, StringComparison.Ordinal);
    }

    [Fact]
    public void SaysWhyNothingCanBeSaid_WhenNoNodeOfAClassWasSimulated()
    {
        var text = OneLine(SampleStudy.Realistic().Without(1).Estimate());

        Assert.Contains("would save against linux-6.12 cannot be said: no node of class cache was simulated.", text, StringComparison.Ordinal);
        Assert.Contains("n/a", text, StringComparison.Ordinal);
    }

    [Fact]
    public void SaysThatNothingIsSaved_WhenNothingIs() =>
        Assert.Contains("none is estimated to save any memory", OneLine(SampleStudy.Make(new() { SavesNothing = true }).Estimate()), StringComparison.Ordinal);

    [Fact]
    public void SaysThatThereIsNothingToCompare_WhenTheBaselineIsAlone()
    {
        var text = OneLine(SampleStudy.Make(new() { Mechanisms = ["linux-6.12"] }).Estimate());

        Assert.Contains("no mechanism to compare with linux-6.12", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Saved by", text, StringComparison.Ordinal);
    }

    [Fact]
    public void PutsNoMechanismFirst_ThatLosesData()
    {
        var both = OneLine(SampleStudy.Make(new() { Mechanisms = ["linux-6.12", "linux-6.12+zero-pfn-swapin", "linux-6.12+zero-at-unmap"] }).Estimate());
        var alone = OneLine(SampleStudy.Make(new() { Mechanisms = ["linux-6.12", "linux-6.12+zero-at-unmap"] }).Estimate());

        Assert.Contains("linux-6.12+zero-pfn-swapin has the largest estimate among those that lose no data: it ", both, StringComparison.Ordinal);
        Assert.Contains("Against linux-6.12, linux-6.12+zero-at-unmap, which loses data, ", alone, StringComparison.Ordinal);
    }

    [Fact]
    public void CallsACostACost()
    {
        var sample = SampleStudy.Make(new() { Mechanisms = ["linux-6.12+zero-at-swapout", "linux-6.12"], UnknownAccesses = false });
        // The mechanism that saves is the baseline here, so the other one costs.
        var result = sample.Estimate();
        var swapped = result with
        {
            Estimates = [.. result.Estimates.Select(estimate => estimate.Against is null ? estimate : estimate with
            {
                Value = -estimate.Value, Low = -estimate.High, High = -estimate.Low,
            })],
        };

        Assert.Matches(@"linux-6\.12 costs [\d.]+ TiB of memory instead of saving any .* adds [\d.]+ [MG]iB/s of swap-out traffic", OneLine(swapped));
    }

    [Fact]
    public void ClaimsNothing_ThatTheIntervalDoesNotSupport()
    {
        var result = SampleStudy.Make(new() { Mechanisms = ["linux-6.12", "linux-6.12+zero-at-swapout"] }).Estimate();

        Assert.Matches(@"is estimated to save [\d.]+ TiB of memory, .*but the 95% interval -[\d.]+ to [\d.]+ TiB allows for no saving at all; it does not clearly change", OneLine(Shifted(1.1)));
        Assert.Matches(@"is not shown to save memory \(estimate -[\d.]+ TiB saved, 95% interval -[\d.]+ to [\d.]+ TiB\)", OneLine(Shifted(-0.1)));

        // Every difference that many times as large, with an interval of twice its size around zero.
        StudyResult Shifted(double times) => result with
        {
            Estimates = [.. result.Estimates.Select(estimate => estimate.Against is null ? estimate : estimate with
            {
                Value = Math.Abs(estimate.Value!.Value) * -times, Low = -2 * Math.Abs(estimate.Value.Value), High = 2 * Math.Abs(estimate.Value.Value),
            })],
        };
    }

    [Fact]
    public void IsTheSame_ForTheSameResult() =>
        Assert.Equal(Text(SampleStudy.Realistic().Estimate()), Text(SampleStudy.Realistic().Estimate()));

    [Fact]
    public void NoLineIsWiderThanTheTerminal_AndNothingButPlainCharactersIsWritten() => Gen.Select(Shapes, Gen.Int[ReportText.LeastWidth, 120]).Sample(
        (shape, width) =>
        {
            var failed = new FailedNode(shape.Classes[0], 3, shape.RecordingLabel, "a reason of " + shape.RecordingLabel);
            var text = Text(SampleStudy.Make(shape with { SimulatedPerClass = 12 }).Estimate(failed), width);
            Assert.All(text.Split('\n'), line => Assert.True(line.Length <= width, line));
            Assert.All(text, character => Assert.True(character is '\n' or (>= ' ' and <= '~') or '±' or '✓' or '✗' or '≥', $"U+{(int)character:X4}"));
        },
        iter: 25);

    private static string OneLine(StudyResult result) => Text(result).Replace('\n', ' ');

    private static string Text(StudyResult result, int width = ReportText.DefaultWidth)
    {
        using var writer = new StringWriter();
        ReportText.Write(result, writer, width);
        return writer.ToString();
    }
}
