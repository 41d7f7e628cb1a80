using FleetEstimator.Estimation;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains;

/// <summary>What can be said from the recordings of a study, given what their sources could see. Claims beyond that are refused, estimates left out.</summary>
/// <remarks>
/// Pages of unknown content are replayed as data. Without contents every mechanism for zero-filled pages would therefore be found to save nothing, and a
/// claim that it saves be refuted, for want of evidence. Without mappings the memory that was resident and not accessed is missing.
/// </remarks>
internal static class TraceEvidence
{
    /// <summary>The capability that a figure takes: its level, or the difference of two mechanisms.</summary>
    public static Capability Needed(string metric, bool isDifference) => metric switch
    {
        // Mechanisms differ in what they do with zero-filled pages, and in nothing else.
        _ when isDifference => Capability.ContentKnown,
        "major_faults" => Capability.AccessOnly,
        "rss_mean" or "rss_peak" or "minor_faults" or "swap_slots_mean" or "smallest_limit" => Capability.MappingOnly,
        // Zero-filled pages are neither written to a device nor compressed, and cost less.
        _ => Capability.ContentKnown,
    };

    /// <summary>Checks that a study's recordings can be replayed, and support its claims.</summary>
    /// <exception cref="TraceException">A recording cannot; the message names it, its capability and the claim.</exception>
    public static void Check(StudyPlan plan)
    {
        var files = plan.Recordings.SelectMany(recording => recording.Files);
        if (files.FirstOrDefault(file => file.Header.Capability == Capability.CounterOnly) is { } counters)
            throw Refused(counters, "the recording is counter-only, and counters cannot be simulated", "Leave it out of the study; hold results against it with backtest");
        foreach (var claim in plan.Study.Claims)
        {
            var needed = Needed(claim.Metric, claim.Subject != ClaimSubject.Level);
            foreach (var file in RecordingsOf(plan, claim.Scope).SelectMany(recording => plan.Recordings[recording].Files).Where(file => file.Header.Capability < needed))
            {
                throw Refused(
                    file,
                    $"the recording is {Capabilities.NameOf(file.Header.Capability)}, but the claim \"{claim.Text}\" about {claim.Scope} needs recordings that are {Capabilities.NamesFrom(needed)}",
                    "Take the claim out, or let the class stand on recordings that can support it");
            }
        }
    }

    /// <summary>The result without the estimates that its recordings cannot support: no figure, but the reason.</summary>
    public static StudyResult Limit(StudyPlan plan, StudyResult result)
    {
        var scopes = result.Estimates.Select(estimate => estimate.Scope).Distinct().ToDictionary(
            scope => scope,
            scope => RecordingsOf(plan, scope).Select(recording => CapabilityOf(plan.Recordings[recording])).DefaultIfEmpty(Capability.ContentKnown).Min(),
            StringComparer.Ordinal);
        var limited = plan.Recordings.Count(recording => CapabilityOf(recording) < Capability.ContentKnown);
        return limited == 0 ? result : result with
        {
            Estimates = [.. result.Estimates.Select(estimate => Limit(estimate, scopes[estimate.Scope]))],
            Quantiles = [.. result.Quantiles.Where(quantile => scopes[quantile.Scope] >= Needed(quantile.Metric, quantile.Against is not null))],
            Sweep = [.. result.Sweep.Select(point => point with
            {
                Estimates = [.. point.Estimates.Where(estimate => scopes[EstimateScope.Fleet] >= Needed(estimate.Metric, estimate.Against is not null))],
            })],
            Assumptions =
            [
                .. result.Assumptions,
                $"{limited} of {plan.Recordings.Count} recordings do not know what pages contain ({Names(plan)}). Their pages are replayed as data that is not zero; figures that this would "
                    + "falsify are left out.",
            ],
        };
    }

    private static Estimate Limit(Estimate estimate, Capability capability)
    {
        var needed = Needed(estimate.Metric, estimate.Against is not null);
        return capability >= needed ? estimate : estimate with
        {
            Value = null,
            Low = null,
            High = null,
            AllReads = null,
            AllWrites = null,
            Relative = null,
            PerNode = null,
            DegreesOfFreedom = null,
            SimulationHalfWidth = null,
            Components = null,
            Note = null,
            Reason = $"it takes recordings that are {Capabilities.NamesFrom(needed)}, and there are {Capabilities.NameOf(capability)} ones among them",
        };
    }

    private static Capability CapabilityOf(Recording recording) => recording.Files.Min(file => file.Header.Capability);

    private static string Names(StudyPlan plan) => string.Join(", ", plan.Recordings.Select(CapabilityOf).Where(capability => capability < Capability.ContentKnown).Distinct().Order().Select(Capabilities.NameOf));

    private static IEnumerable<int> RecordingsOf(StudyPlan plan, string scope) =>
        Enumerable.Range(0, plan.Study.Classes.Count)
            .Where(index => scope == EstimateScope.Fleet || scope == EstimateScope.OfClass(plan.Study.Classes[index].Name))
            .SelectMany(index => plan.ClassRecordings[index])
            .Distinct();

    private static TraceException Refused(TraceFile file, string problem, string remedy) => new(file.Path, null, $"metadata label.{Capabilities.Label}", problem, remedy);
}
