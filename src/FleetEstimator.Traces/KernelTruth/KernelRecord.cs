namespace FleetEstimator.Traces.KernelTruth;

/// <summary>A region of a worker, written <c>WORKER.REGION</c>.</summary>
/// <param name="Worker">Number of the worker.</param>
/// <param name="Region">Number of the region within the worker.</param>
public readonly record struct RegionId(int Worker, int Region)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Worker}.{Region}";
}

/// <summary>What one kernel did in one scenario: steps, or totals where reclaim is not repeatable to the page.</summary>
public abstract record KernelRecord
{
    private protected KernelRecord()
    {
    }

    /// <summary>The kernel's name in the files, such as <c>linux-6.12+zero-pfn-swapin</c>: the mechanism that models it.</summary>
    public required string Kernel { get; init; }
}

/// <summary>What one kernel did, operation by operation.</summary>
public sealed record KernelSteps : KernelRecord
{
    /// <summary>One step per operation, in the same order; shorter than the operations where the runs of the kernel no longer agreed.</summary>
    public required IReadOnlyList<KernelStep> Steps { get; init; }
}

/// <summary>What one kernel did in a scenario under a memory limit.</summary>
public sealed record KernelTotals : KernelRecord
{
    /// <summary>Per field the sum over all steps, in the least, median and greatest run; <c>frames_mean</c> is the mean over steps.</summary>
    public required IReadOnlyDictionary<string, TotalRange> Totals { get; init; }

    /// <summary>Pages charged to the cgroup at the limit step beyond the regions' own frames: the model's limit is the scenario's less this.</summary>
    public required int OverheadPages { get; init; }

    /// <summary>The range of a field; of zeros when the kernel has none of it.</summary>
    public TotalRange this[string field] => Totals.GetValueOrDefault(field);
}

/// <summary>The range of a total over the runs of a kernel.</summary>
/// <param name="Least">Of all runs.</param>
/// <param name="Median">Of all runs.</param>
/// <param name="Greatest">Of all runs.</param>
public readonly record struct TotalRange(double Least, double Median, double Greatest);

/// <summary>What one operation did to the counters, and what the page tables were after it.</summary>
public sealed record KernelStep
{
    /// <summary>Fields that can appear in <see cref="Counters"/>.</summary>
    public static IReadOnlyList<string> CounterNames { get; } =
    [
        "minflt", "majflt", "pswpin", "pswpout", "swpin_zero", "swpout_zero", "zswpin", "zswpout", "swap_ra", "swap_ra_hit", "thp_swpout",
        "thp_swpout_fallback",
    ];

    /// <summary>Change of each counter during the operation; a counter that is not there did not change.</summary>
    public required IReadOnlyDictionary<string, long> Counters { get; init; }

    /// <summary>Distinct page frames mapped by the regions of all workers, the zero page not counted.</summary>
    public int Frames { get; init; }

    /// <summary>The page table of every region that exists; see <see cref="PageStates"/>.</summary>
    public required IReadOnlyDictionary<RegionId, PageStates> Pages { get; init; }

    /// <summary>The error the operation failed with; 0 = it succeeded.</summary>
    public int Errno { get; init; }

    /// <summary>Change of a counter, 0 when it did not change. <paramref name="counter"/> is one of <see cref="CounterNames"/>.</summary>
    public long this[string counter] => Counters.GetValueOrDefault(counter);
}
