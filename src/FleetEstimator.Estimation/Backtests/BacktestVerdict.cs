using System.Globalization;

namespace FleetEstimator.Estimation;

/// <summary>Says what the totals of a backtest come to, with no more digits than the comparison carries.</summary>
internal static class BacktestVerdict
{
    // Below this a page more or less changes what would be said.
    private const long LeastPages = 100;

    public static string Of(BacktestRun run)
    {
        var sentences = new List<string>();
        if (run.Mode == BacktestMode.Free)
            sentences.Add(Sentence(run.Total(BacktestCounter.SwappedOut), "swapped out", "the model"));
        else if (run.Total(BacktestCounter.SwappedOut) is { Miss: not 0 } outs and not { Counted: 0 })
            sentences.Add(Sentence(outs, "swapped out", "the recording itself"));
        sentences.Add(Sentence(run.Total(BacktestCounter.SwappedIn), "swapped in", "the model"));
        if (run.Total("swpout_zero") is { } zeros && run.Total(BacktestCounter.SwappedOut) is { Counted: > 0, ModelledHigh: > 0 } all && zeros.Counted + zeros.ModelledHigh > 0)
            sentences.Add(Shares(zeros, all));
        return string.Join(" ", sentences);
    }

    private static string Sentence(CounterError? error, string what, string who)
    {
        if (error is null)
            return $"Nothing was {what}, by the kernel or by {who}: that is not tested.";
        if (error.Counted == 0)
            return $"The kernel counted no page {what}, {who} {Range(error)}.";
        var few = error.Counted < LeastPages ? " So few pages test little." : "";
        return error.Miss switch
        {
            0 when error.ModelledLow == error.ModelledHigh && error.ModelledLow == error.Counted => $"Pages {what}: exactly as counted.{few}",
            0 when error.PageSamplingError > 0 =>
                $"Pages {what}: {who} has {Range(error)}, give or take {Pages((long)Math.Ceiling(2 * error.PageSamplingError.Value))} for page sampling (two standard errors), which does not contradict the {Pages(error.Counted)} counted.{few}",
            0 => $"Pages {what}: {who}'s {Range(error)} agree with the {Pages(error.Counted)} counted.{few}",
            -1 => $"Pages {what}: {who} has none of the {Pages(error.Counted)} counted.{few}",
            > 1 => $"Pages {what}: {who} has {Rounded(1 + error.Miss)} times as many as were counted.{few}",
            > 0 and var miss => $"Pages {what}: {who} has {Percent(miss)} more than were counted.{few}",
            var miss => $"Pages {what}: {who} has {Percent(-miss)} fewer than were counted.{few}",
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
