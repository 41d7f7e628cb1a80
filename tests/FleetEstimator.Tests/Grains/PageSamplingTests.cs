using Xunit;

namespace FleetEstimator.Tests.Grains;

public sealed class PageSamplingTests(ITestOutputHelper output)
{
    [Fact(Explicit = true)]
    public void Table()
    {
        foreach (var recording in Environment.GetEnvironmentVariable("RECORDINGS")!.Split(','))
        {
            var limit = Environment.GetEnvironmentVariable("LIMIT") ?? "limit: {of_peak: 70%}";
            foreach (var share in (double[])[0.5, 0.25, 0.125])
            {
                output.WriteLine($"{recording} {share}");
                foreach (var outcome in new PageSamplingExperiment(recording + ".arrow", $"{limit}, swap: {{device: zram, size: 4 GiB}}", 40).Run(share))
                    output.WriteLine(outcome.ToString());
            }
        }
    }
}
