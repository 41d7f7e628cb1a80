using FleetEstimator.Paging;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>
/// From the times of whole steps to the costs of what they are made of, by subtraction. A cost whose steps were not timed keeps its default;
/// a difference below zero, smaller than the noise, counts as 0.
/// </summary>
internal static class CostDerivation
{
    /// <summary>The cost table of timed steps.</summary>
    /// <param name="timings">The least time of each step is taken.</param>
    /// <param name="rotating">Whether directly read and written pages lie on a rotating disk.</param>
    /// <param name="source">Where the costs come from; what was subtracted follows it.</param>
    internal static CostTable Derive(IReadOnlyDictionary<PageStep, StepTiming> timings, bool rotating, string source)
    {
        var table = CostTable.Default;
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        Take("fault", "first load", T(PageStep.FirstLoad));
        Take("page_clearing", "first store to a huge page less fault, for each of its pages", T(PageStep.HugeFirstStore) - Of("fault") / 512);
        Take("page_allocation", "first store less fault and clearing", T(PageStep.FirstStore) - Of("fault") - Of("page_clearing"));
        Take("copy_on_write", "store to the zero page less first store", T(PageStep.ZeroPageStore) - T(PageStep.FirstStore));
        Take("page_copy", "clearing, and store to a private file page less store to the zero page", Of("page_clearing") + T(PageStep.FilePageStore) - T(PageStep.ZeroPageStore));
        Take("reclaim", "MADV_COLD and MADV_DONTNEED", T(PageStep.Cold) + T(PageStep.DontNeed));
        Take("reverse_map_walk", "reclaim of pages freed by MADV_FREE less reclaim", T(PageStep.LazilyFreedOut) - Of("reclaim"));
        Take("zero_check_of_zeros", "reading a page of zeros", T(PageStep.CheckZeros));
        Take("zero_check_of_data", "reading the last word of a page", T(PageStep.CheckData));
        Take("slot_allocation", "page-out of zeros less reclaim, walk and check", T(PageStep.ZerosOut) - Of("reclaim") - Of("reverse_map_walk") - Of("zero_check_of_zeros"));
        Take("slot_release", "swap-in of zeros less fault, allocation and clearing", T(PageStep.ZerosIn) - Of("fault") - Of("page_allocation") - Of("page_clearing"));
        Take("zram_write", "page-out of a repeated word less that of zeros, with the check of each", T(PageStep.RepeatedOut) - T(PageStep.ZerosOut) + Of("zero_check_of_zeros") - Of("zero_check_of_data"));
        Take("zram_read", "swap-in of a repeated word less that of zeros without clearing", T(PageStep.RepeatedIn) - T(PageStep.ZerosIn) + Of("page_clearing"));
        Take("compression", "page-out of half-compressible pages less that of a repeated word", T(PageStep.HalfOut) - T(PageStep.RepeatedOut));
        Take("decompression", "swap-in of half-compressible pages less that of a repeated word", T(PageStep.HalfIn) - T(PageStep.RepeatedIn));
        Take("zswap_store", "page-out to zswap less that of zeros with its check, less compression",
            T(PageStep.ZswapOut) - T(PageStep.ZerosOut) + Of("zero_check_of_zeros") - Of("zero_check_of_data") - Of("compression"));
        Take("zswap_load", "swap-in from zswap less that of zeros without clearing, less decompression", T(PageStep.ZswapIn) - T(PageStep.ZerosIn) + Of("page_clearing") - Of("decompression"));
        var disk = rotating ? "disk" : "ssd";
        Take($"{disk}_write", "CPU time of direct writes of 4 KiB", T(PageStep.DirectWriteCpu));
        Take($"{disk}_read", "CPU time of direct reads of 4 KiB", T(PageStep.DirectReadCpu));
        Take($"{disk}_read_latency", "direct reads of 4 KiB at random less their CPU time", T(PageStep.DirectRead) - T(PageStep.DirectReadCpu));
        return table with { Sources = sources };

        // Not a number where a step was not timed, and so is whatever is made from it.
        double T(PageStep step) => timings.TryGetValue(step, out var timing) ? timing.Least : double.NaN;

        double Of(string key) => sources.ContainsKey(key) ? Cost.Find(key)!.Of(table) : double.NaN;

        void Take(string key, string how, double nanoseconds)
        {
            if (double.IsNaN(nanoseconds))
                return;
            table = Cost.Find(key)!.With(table, Math.Clamp((long)Math.Round(nanoseconds), 0, Cost.MaxNanoseconds));
            sources.Add(key, $"{source}: {how}");
        }
    }
}
