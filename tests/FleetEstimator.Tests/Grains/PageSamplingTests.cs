using Xunit;

namespace FleetEstimator.Tests.Grains;

public sealed class PageSamplingTests(ITestOutputHelper output)
{
    private const string Limited = "limit: {of_peak: 70%}, swap: {device: zram, size: 4 GiB}";

    /// <summary>
    /// 24 samples of a third of the blocks. The mean of a figure over samples is within three of its standard errors of the figure of all blocks, and the standard error that
    /// samples give themselves within half to double of their spread: 24 samples tell a spread to about 15%, and these are skewed.
    /// </summary>
    [Fact]
    public void SamplesOfARealRecording_EstimateTheWhole_AndKnowTheirError()
    {
        var outcomes = new PageSamplingExperiment("rust-build.arrow", Limited, draws: 24).Run(1.0 / 3).ToDictionary(outcome => outcome.Figure);

        foreach (var figure in (string[])["RSS, mean", "memory, mean", "pages written"])
        {
            var outcome = outcomes[figure];
            output.WriteLine(outcome.ToString());
            Assert.InRange(outcome.Mean, outcome.Whole - (3 * outcome.DeviationOfMean), outcome.Whole + (3 * outcome.DeviationOfMean));
            Assert.InRange(outcome.StandardError / outcome.Deviation, 0.5, 2);
        }
    }

    [Fact]
    public void SampleOfAllBlocks_IsTheRecording()
    {
        var outcomes = new PageSamplingExperiment("rust-build.arrow", Limited, draws: 2).Run(1);

        Assert.All(outcomes, outcome => Assert.All(outcome.Samples, sample => Assert.Equal(outcome.Whole, sample)));
        Assert.All(outcomes, outcome => Assert.Equal(0, outcome.StandardError));
    }

    /// <summary>The table of Estimation's README; RECORDINGS names some of datasets/recordings, without .arrow, with commas between.</summary>
    [Fact(Explicit = true)]
    public void Table()
    {
        foreach (var recording in Environment.GetEnvironmentVariable("RECORDINGS")!.Split(','))
        {
            foreach (var share in (double[])[0.5, 0.25, 0.125])
            {
                output.WriteLine($"{recording} {share}");
                foreach (var outcome in new PageSamplingExperiment(recording + ".arrow", Limited, draws: 40).Run(share))
                    output.WriteLine(outcome.ToString());
            }
        }
    }
}
