using System.Globalization;
using FleetEstimator.Paging;

namespace FleetEstimator.Estimation;

/// <summary>What a result rests on, in sentences for people who did not write the study.</summary>
internal static class Assumptions
{
    /// <summary>What is assumed because of what the study says and the recordings hold.</summary>
    public static IReadOnlyList<string> Of(StudyDefinition study, IReadOnlyList<RecordingSummary> recordings) =>
    [
        "The recordings of a class are taken as drawn at random from its nodes. The study cannot say whether they were: "
            + "if they were chosen because they were at hand, the intervals do not cover what that choice does to the figures.",
        .. Design(study, recordings),
        .. Shared(recordings),
        "Each recording is one period of its node, a stage of sampling of its own. How much other periods of the same nodes would differ is not estimated apart: it is in the intervals as "
            + "far as the recordings were made at times independent of each other, and what all nodes had in common then (a day, a season, a release) is not in them.",
        "Only private anonymous memory is modelled. Page cache, shared memory and the kernel's own memory are in no figure.",
        .. UnknownAccesses(study, recordings),
        .. PageSampling(recordings),
        .. study.Classes.SelectMany(@class => OfClass(@class, recordings)),
        .. Asked(study),
        .. LossyMechanisms(study),
        $"Nothing is measured during warm-up: {(study.WarmUp.Share is null ? study.WarmUp : $"the first {study.WarmUp}")} of "
            + (study.DurationMicroseconds is { } duration ? $"{Period.ToText(duration)} simulated on each node." : "the simulated period of each node, which is as long as its recording."),
        "CPU time and time in faults are counted events times the cost of each, by the cost table; they are not measured. " + Costs(study.Costs),
    ];

    /// <summary>What makes the result less than the study asked for.</summary>
    public static IEnumerable<string> Doubts(
        StudyDefinition study, IReadOnlyList<RecordingSummary> recordings, IReadOnlyList<ClassSummary> classes, long simulated, IReadOnlyList<FailedNode> failedNodes)
    {
        if (failedNodes.Count > 0)
        {
            yield return $"{failedNodes.Count} of {simulated + failedNodes.Count} nodes could not be simulated. The estimates rest on the others and are wrong "
                + "if the nodes that failed differ from them.";
        }

        var synthetic = recordings.Count(recording => recording.AccessSource == RecordingSummary.SyntheticAccessSource);
        if (synthetic > 0)
        {
            yield return $"{synthetic} of {recordings.Count} recordings are synthetic: they were generated from a workload model, and nothing in them was recorded. "
                + "The estimates that rest on them are of the model, not of a fleet.";
        }

        foreach (var doubt in SmallSamples(recordings))
            yield return doubt;
        foreach (var @class in classes)
        {
            var asked = recordings.Count(recording => recording.Classes.Contains(@class.Name));
            if (@class.Recordings < asked)
                yield return $"Class {@class.Name}: only {@class.Recordings} of its {asked} recordings were replayed by a simulated node.";
            if (@class.Recordings < ScopeSample.LeastRecordings && asked >= ScopeSample.LeastRecordings)
                yield return $"Class {@class.Name}: its {@class.SimulatedNodes} simulated nodes replay too few recordings for an interval; give it at least as many nodes as recordings.";
            else if (@class.Recordings < ScopeSample.LeastRecordings)
                yield return $"Class {@class.Name}: {(@class.Recordings == 1 ? "1 recording is" : $"{@class.Recordings} recordings are")} too few for an interval; record at least {ScopeSample.LeastRecordings} nodes, better 10.";
            var room = @class.MemoryBytes - @class.UnmodelledBytes;
            var tooLarge = recordings.Count(recording => recording.Classes.Contains(@class.Name) && recording.PeakResidentBytes > room);
            if (tooLarge > 0)
                yield return $"Class {@class.Name}: the peak of {(tooLarge == 1 ? "1 recording" : $"{tooLarge} recordings")} is above the {ByteSize.ToText(room)} that a node has for modelled memory.";
        }
    }

    private static IEnumerable<string> SmallSamples(IReadOnlyList<RecordingSummary> recordings)
    {
        var small = recordings.Where(recording => recording.SampledBlocks < ErrorComponents.FewBlocks).ToList();
        if (small.Count > 0)
        {
            yield return $"{string.Join(", ", small.Select(recording => $"{recording.Node} ({recording.SampledBlocks})"))}: fewer than {ErrorComponents.FewBlocks} blocks of 2 MiB were recorded. "
                + "So small a sample of pages may have missed what matters, and the standard error of page sampling is rough; record a larger share.";
        }
    }

    private static IEnumerable<string> LossyMechanisms(StudyDefinition study) =>
        study.Mechanisms.Where(name => Mechanism.Find(name) is { ChecksBeforeFlush: true }).Select(name =>
            $"{name} is no candidate: it checks for zeros before the TLB flush and does not refuse pinned pages, so stores made meanwhile are lost. It is shown for what that "
                + "order of steps would save and lose. A store counts as lost if the content changed through a pin, or if times are exact and it came before the flush "
                + "through a translation that a TLB is taken to hold still; nodes.parquet has both counts (unmap_at_risk_pages, lost_stores).");

    private static string Costs(CostTable costs)
    {
        var given = Cost.All.Count(cost => !cost.IsDefaultIn(costs));
        return given == 0 ? "All costs are the defaults, measured on another machine."
            : $"{given} of its {Cost.All.Count} costs are the study's own"
                + (given == Cost.All.Count ? "." : $", these are defaults, measured on another machine: {string.Join(", ", Cost.All.Where(cost => cost.IsDefaultIn(costs)))}.");
    }

    /// <summary>How the recordings were drawn, as far as the study says it.</summary>
    private static IEnumerable<string> Design(StudyDefinition study, IReadOnlyList<RecordingSummary> recordings)
    {
        foreach (var @class in study.Classes)
        {
            var weights = recordings.SelectMany(recording => recording.Classes.Zip(recording.Weights)).Where(pair => pair.First == @class.Name).Select(pair => pair.Second).Distinct().ToList();
            if (weights.Count > 1)
                yield return $"Class {@class.Name}: recordings count by the inverse of their probability of selection, as the study gives it (from {weights.Min()} to {weights.Max()}).";
            if (@class.Frame is { } frame)
            {
                yield return $"Class {@class.Name}: its recordings were drawn without replacement from {frame} nodes, and the intervals are corrected for the part of them that was recorded: "
                    + "they are of these nodes in the period recorded, not of later ones.";
            }
        }

        foreach (var group in study.Classes.Where(@class => @class.Collapse is not null).GroupBy(@class => @class.Collapse, StringComparer.Ordinal))
        {
            yield return $"Classes {string.Join(", ", group.Select(@class => @class.Name))} are collapsed as {group.Key}: their variance is estimated from their recordings together, "
                + "which makes intervals wider where the classes differ.";
        }
    }

    /// <summary>What else the study asks for.</summary>
    private static IEnumerable<string> Asked(StudyDefinition study)
    {
        if (study.Simulation is { } target)
        {
            yield return $"Of each class as many nodes were simulated as it takes to make the simulation's own part of the fleet's interval {Percentage.ToText(target.HalfWidth)} or less on either side "
                + $"({string.Join(", ", target.Metrics)}), or all of them where that takes more.";
        }

        if (study.RightSize is { } bound)
        {
            yield return $"The smallest limit of a node keeps it to {bound}. It is found by halving, to 1/128 of what the node uses without a limit, for each mechanism and node by "
                + "itself, in place of the class's own limit: the next smaller step is beyond the bound. Faults do not fall with every step, so a still smaller limit may happen to be within it again.";
        }

        if (study.Claims.Count > 1)
        {
            yield return $"The {study.Claims.Count} claims are judged together (Holm 1979): the chance that any verdict among them is wrong is at most {Percentage.ToText(Math.Round(1 - study.Level, 12))}. "
                + "Each is judged by the interval shown with it, whose level is adjusted for that.";
        }

        if (study.Sweep.Count > 0)
        {
            yield return "Sweeps change one parameter at a time on the same nodes. They are exploratory: their intervals are not adjusted for how many there are, and they decide no claim.";
        }
    }

    private static IEnumerable<string> Shared(IReadOnlyList<RecordingSummary> recordings)
    {
        var shared = recordings.Count(recording => recording.Classes.Count > 1);
        if (shared > 0)
            yield return $"{shared} of {recordings.Count} recordings stand for several classes; the intervals take into account that those classes then err together.";
    }

    private static IEnumerable<string> UnknownAccesses(StudyDefinition study, IReadOnlyList<RecordingSummary> recordings)
    {
        // A class that says which accesses are loads leaves none unknown.
        var open = study.Classes.Where(@class => @class.Loads is null).Select(@class => @class.Name).ToHashSet(StringComparer.Ordinal);
        var unknown = recordings.Count(recording => recording.HasUnknownAccesses && recording.Classes.Any(open.Contains));
        if (unknown > 0)
        {
            yield return $"{unknown} of {recordings.Count} recordings hold accesses that may have been loads or stores. They were replayed as all loads and as all "
                + "stores: estimates are the middle of the two, intervals reach over both, and the truth is taken to lie between.";
        }
    }

    private static IEnumerable<string> PageSampling(IReadOnlyList<RecordingSummary> recordings)
    {
        var sampled = recordings.Count(recording => recording.SamplingFraction < 1);
        if (sampled > 0)
        {
            yield return $"{sampled} of {recordings.Count} recordings hold a sample of their node's pages, in blocks of 2 MiB. Such a recording is replayed on a node scaled down by the same "
                + "share, limits and swap included, and its figures are scaled up. What that adds to the uncertainty is in the intervals, since it makes recordings differ, and stated apart "
                + "as the component page_sampling of each estimate.";
        }
    }

    private static IEnumerable<string> OfClass(NodeClass @class, IReadOnlyList<RecordingSummary> recordings)
    {
        if (@class.UnmodelledBytes > 0)
        {
            yield return $"Class {@class.Name}: {ByteSize.ToText(@class.UnmodelledBytes)} of the {ByteSize.ToText(@class.MemoryBytes)} of a node are not in the traces "
                + "and are taken to be the same under every mechanism.";
        }

        if (@class.Limit.OfPeak is { } share)
            yield return $"Class {@class.Name}: the memory limit of a node is {Percentage.ToText(share)} of the peak its RSS would have without a limit.";
        else if (@class.Limit.IsNone && @class.GroupLimit.IsNone && !@class.Watermarks && @class.Proactive is null)
            yield return $"Class {@class.Name}: no memory limit; pages leave memory only where the recorded workload itself asks for it.";
        if (@class.GroupLimit.OfPeak is { } groupShare)
            yield return $"Class {@class.Name}: each copy of a recording is a memory group of its own, limited to {Percentage.ToText(groupShare)} of its own peak without a limit.";
        else if (@class.GroupLimit.Bytes is { } groupBytes)
            yield return $"Class {@class.Name}: each copy of a recording is a memory group of its own, limited to {ByteSize.ToText(groupBytes)}.";
        if (@class.Watermarks)
        {
            yield return $"Class {@class.Name}: a node reclaims when less of its memory is free than the kernel's watermarks, with kswapd as fast as it is needed; "
                + "min_free_kbytes and watermark_scale_factor are the kernel's defaults.";
        }

        if (@class.Proactive is { } proactive)
        {
            yield return $"Class {@class.Name}: each copy of a recording is a memory group of its own, asked every {Period.ToText(proactive.IntervalMicroseconds)} for "
                + $"{Percentage.ToText(proactive.Ratio)} of its memory, less the nearer its processes come to waiting {Percentage.ToText(proactive.Pressure)} of the time "
                + "for major faults; that time is reckoned by the cost table.";
        }

        if (@class.HugePages != new HugePageDefinition())
        {
            yield return $"Class {@class.Name}: transparent huge pages of 2 MiB {StudyWords.Of(StudyWords.HugePages, @class.HugePages.Size2M)}, of 64 KiB "
                + $"{StudyWords.Of(StudyWords.HugePages, @class.HugePages.Size64K)}, whatever the recorded machine used; what khugepaged would collapse later stays small."
                + (@class.HugePages.Size64K == HugePages.Never ? "" : " Linux 6.1 has none of 64 KiB.");
        }

        if (@class.HugePages.MaxPtesNone < 511)
        {
            yield return $"Class {@class.Name}: under memory pressure the shrinker splits folios of 2 MiB with more than {@class.HugePages.MaxPtesNone} zero-filled pages, "
                + "which then map the zero page; from Linux 6.12 on.";
        }

        if (@class.Ksm is { } ksm)
        {
            yield return $"Class {@class.Name}: KSM looks at {ksm.PagesToScan} pages every {ksm.SleepMilliseconds} ms, of all anonymous memory, and maps the zero page for those "
                + "filled with zeros (use_zero_pages). Other pages that are alike are not merged here.";
        }

        if (@class.Swap.Device == SwapDevice.Disk && recordings.Any(recording => recording.SamplingFraction < 1 && recording.Classes.Contains(@class.Name)))
        {
            yield return $"Class {@class.Name}: a rotating disk is read ahead by slot, and of a sampled recording other pages lie side by side than on the whole node: "
                + "its figures of read-ahead are less exact.";
        }

        if (@class.ZeroPages is { } zeroPages)
        {
            yield return $"Class {@class.Name}: a what-if, {Percentage.ToText(zeroPages)} of the recorded page contents are taken as filled with zeros; blocks of 64 KiB, chosen at random, "
                + "were made so, or made data.";
        }

        if (@class.Loads is { } loads)
        {
            yield return $"Class {@class.Name}: a what-if, of the accesses not recorded as stores {Percentage.ToText(loads)} are taken as loads, chosen at random; the others store what is there already.";
        }

        if (@class.ZeroPageForbidden > 0)
            yield return $"Class {@class.Name}: {Percentage.ToText(@class.ZeroPageForbidden)} of the copies must not map the shared zero page; no mechanism helps them.";
        if (@class.Swap.Device == SwapDevice.None)
            yield return $"Class {@class.Name}: no swap; anonymous memory cannot be reclaimed.";
        if (@class.Swap.IsCompressed && recordings.Any(recording => recording.Codec == "none" && recording.Classes.Contains(@class.Name)))
        {
            yield return $"Class {@class.Name}: where no compressed size was recorded, a page of data takes 1/{@class.Swap.CompressionRatio.ToString("0.##", CultureInfo.InvariantCulture)} "
                + $"of its size in {(@class.Swap.Device == SwapDevice.Zram ? "zram" : "zswap")}.";
        }

        if (@class.Swap.Device is SwapDevice.Ssd or SwapDevice.Disk)
            yield return $"Class {@class.Name}: the device keeps up with what is written to it: a page is written back by the time anything recorded happens next.";
        yield return @class.Start == StartOffset.Random
            ? $"Class {@class.Name}: each copy of a recording starts at a random time of it and begins again at its end."
            : $"Class {@class.Name}: every copy of a recording starts at its beginning and begins again at its end, so nodes with one recording are alike.";
    }
}
