using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>Says what the totals of a backtest come to, with no more digits than the comparison carries.</summary>
internal static class BacktestVerdict
{
    // Below this a page more or less changes what would be said.
    private const long LeastPages = 100;

    public static string Of(BacktestRun run)
    {
        // Page-outs that were given to the model are no finding.
        var judged = run.Mode == BacktestMode.Free
            ? new[] { (BacktestCounter.SwappedOut, "swapped out"), (BacktestCounter.SwappedIn, "swapped in") }
            : [(BacktestCounter.SwappedIn, "swapped in")];
        var sentences = judged.Select(counter => Sentence(run.Total(counter.Item1), counter.Item2)).ToList();
        if (run.Total("swpout_zero") is { } zeros && run.Total(BacktestCounter.SwappedOut) is { Counted: > 0, ModelledHigh: > 0 } outs && zeros.Counted + zeros.ModelledHigh > 0)
            sentences.Add(Shares(zeros, outs));
        return string.Join(" ", sentences);
    }

    private static string Sentence(CounterError? error, string what)
    {
        if (error is null)
            return $"Nothing was {what}, by the kernel or by the model: that is not tested.";
        if (error.Counted == 0)
            return $"The kernel counted no page {what}, the model {Range(error)}.";
        var few = error.Counted < LeastPages ? " So few pages test little." : "";
        return error.Miss switch
        {
            0 when error.ModelledLow == error.ModelledHigh && error.ModelledLow == error.Counted => $"Pages {what}: exactly as counted.{few}",
            0 => $"Pages {what}: the model's {Range(error)} agree with the {Pages(error.Counted)} counted.{few}",
            > 1 => $"Pages {what}: the model has {Rounded(1 + error.Miss)} times as many as were counted.{few}",
            > 0 and var miss => $"Pages {what}: the model has {Percent(miss)} more than were counted.{few}",
            var miss => $"Pages {what}: the model has {Percent(-miss)} fewer than were counted.{few}",
        };
    }

    private static string Shares(CounterError zeros, CounterError outs) =>
        $"Zero-filled of pages swapped out: {Percent((double)zeros.Counted / outs.Counted)} counted, {Percent((double)(zeros.ModelledLow + zeros.ModelledHigh) / (outs.ModelledLow + outs.ModelledHigh))} modelled.";

    private static string Range(CounterError error) => error.ModelledLow == error.ModelledHigh ? Pages(error.ModelledLow) : $"{Pages(error.ModelledLow)} to {Pages(error.ModelledHigh)}";

    private static string Pages(long pages) => pages.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => $"{Rounded(100 * share)}%";

    /// <summary>Two significant digits.</summary>
    private static string Rounded(double value) => value == 0 ? "0" : ((decimal)double.Parse(value.ToString("G2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)).ToString("0.####", CultureInfo.InvariantCulture);
}
