namespace FleetEstimator.Recorder.Calibration;

/// <summary>A step that is timed over many pages.</summary>
public enum PageStep
{
    /// <summary>First load: the zero page is mapped.</summary>
    FirstLoad,

    /// <summary>First store: a cleared page is mapped.</summary>
    FirstStore,

    /// <summary>First store to a huge page of 2 MiB, for each of its pages.</summary>
    HugeFirstStore,

    /// <summary>Store to a page that maps the zero page.</summary>
    ZeroPageStore,

    /// <summary>Store to a private mapping of a file's page: it is copied.</summary>
    FilePageStore,

    /// <summary>MADV_COLD.</summary>
    Cold,

    /// <summary>MADV_DONTNEED.</summary>
    DontNeed,

    /// <summary>MADV_PAGEOUT of pages given up by MADV_FREE: reclaimed without swap.</summary>
    LazilyFreedOut,

    /// <summary>Reading all of a page of zeros.</summary>
    CheckZeros,

    /// <summary>Reading the last word of a page.</summary>
    CheckData,

    /// <summary>MADV_PAGEOUT of pages of zeros.</summary>
    ZerosOut,

    /// <summary>Load of a swapped-out page of zeros.</summary>
    ZerosIn,

    /// <summary>MADV_PAGEOUT of pages that repeat one word.</summary>
    RepeatedOut,

    /// <summary>Load of a swapped-out page that repeats one word.</summary>
    RepeatedIn,

    /// <summary>MADV_PAGEOUT of pages whose first half is incompressible and second half zero.</summary>
    HalfOut,

    /// <summary>Load of such a swapped-out page.</summary>
    HalfIn,

    /// <summary>MADV_PAGEOUT of incompressible pages.</summary>
    RandomOut,

    /// <summary>Load of such a swapped-out page.</summary>
    RandomIn,

    /// <summary>As <see cref="HalfOut"/>, into zswap.</summary>
    ZswapOut,

    /// <summary>As <see cref="HalfIn"/>, from zswap.</summary>
    ZswapIn,

    /// <summary>CPU time of writing a page of a file directly to its device.</summary>
    DirectWriteCpu,

    /// <summary>CPU time of reading a page of a file directly from its device, at random.</summary>
    DirectReadCpu,

    /// <summary>The same, from asking to having it.</summary>
    DirectRead,
}

/// <summary>Time a page of one step, in nanoseconds, over several passes.</summary>
/// <param name="Least">Of all passes: what the others add is other work of the machine.</param>
/// <param name="Median">Of all passes.</param>
/// <param name="Greatest">Of all passes.</param>
public readonly record struct StepTiming(double Least, double Median, double Greatest)
{
    /// <summary>Of the passes, at least one.</summary>
    internal static StepTiming Of(IReadOnlyCollection<double> passes)
    {
        var sorted = passes.Order().ToList();
        return new StepTiming(sorted[0], sorted[sorted.Count / 2], sorted[^1]);
    }
}
