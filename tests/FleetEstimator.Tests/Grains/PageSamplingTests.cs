using Xunit;

namespace FleetEstimator.Tests.Grains;

public sealed class PageSamplingTests(ITestOutputHelper output)
{
    private const string Limited = "limit: {of_peak: 70%}, swap: {device: zram, size: 4 GiB}";

    /// <summary>
    /// 24 samples of a recording's blocks. The mean of a figure over samples is within three of its standard errors of the figure of all blocks, and the standard error that
    /// samples give themselves within half to double of their spread: 24 samples tell a spread to about 15%, and these are skewed. The output has a row of the table in
    /// Estimation's README for each figure.
    /// </summary>
    [Theory]
    [InlineData("rust-build", 1.0 / 3)]
    public void SamplesOfARealRecording_EstimateTheWhole_AndKnowTheirError(string recording, double share)
    {
        var outcomes = new PageSamplingExperiment(recording + ".arrow", Limited, draws: 24).Run(share).ToDictionary(outcome => outcome.Figure);

        foreach (var outcome in outcomes.Values)
            output.WriteLine(outcome.ToString());
        foreach (var outcome in ((string[])["RSS, mean", "memory, mean", "pages written"]).Select(figure => outcomes[figure]))
        {
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
}
