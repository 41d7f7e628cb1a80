using System.Globalization;
using System.Xml.Linq;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>What the estimates are made from: recordings and classes.</summary>
internal static class MaterialSection
{
    private const int DigestCharacters = 12;

    public static XElement Recordings(StudyResult result) => E(
        "section",
        A("id", "recordings"),
        E("h2", "Recordings"),
        E("p", "A recording is the sampling unit: intervals rest on how recordings differ, not on how many nodes replay them."),
        Scrolling(
            "Recordings",
            HeaderRow("Node", "Classes", "Accesses from", "Kernel", "Duration", "Peak resident", "Digest"),
            E("tbody", result.Recordings.Select(recording => E(
                "tr",
                E("th", A("scope", "row"), recording.Node, recording.SamplingFraction < 1 ? E("span", Class("note"), $"{Percentage.ToText(recording.SamplingFraction)} of pages recorded") : null),
                E("td", string.Join(", ", recording.Classes), recording.Weights.Any(weight => weight != 1)
                    ? E("span", Class("note"), $"selection weight {string.Join(", ", recording.Weights.Select(weight => weight.ToString("0.###", CultureInfo.InvariantCulture)))}")
                    : null),
                E("td", recording.AccessSource, recording.HasUnknownAccesses ? E("span", Class("note"), "loads and stores not told apart") : null,
                    recording.Capability == "content-known" ? null : E("span", Class("note"), recording.Capability)),
                E("td", recording.KernelRelease),
                E("td", Class("figure"), Duration(recording.DurationMicroseconds)),
                E("td", Class("figure"), Bytes(recording.PeakResidentBytes)),
                E("td", E("code", Short(recording.Digest))))))));

    public static XElement Classes(StudyResult result) => E(
        "section",
        A("id", "classes"),
        E("h2", "Classes"),
        Scrolling(
            "Classes",
            HeaderRow("Class", "Nodes in the fleet", "Simulated", "Recordings", "Memory of a node", "Memory limit", "Swap", "Copies of a recording"),
            E("tbody", result.Classes.Select(@class => E(
                "tr",
                E("th", A("scope", "row"), @class.Name),
                E("td", Class("figure"), VerdictSentence.Counted(@class.Nodes, "node")),
                E("td", Class("figure"), VerdictSentence.Counted(@class.SimulatedNodes, "node")),
                E("td", Class("figure"), FigureFormat.Count(@class.Recordings)),
                E("td", Class("figure"), Bytes(@class.MemoryBytes), @class.UnmodelledBytes > 0 ? E("span", Class("note"), $"{Bytes(@class.UnmodelledBytes)} of it in no trace") : null),
                E("td", Class("figure"), @class.Limit.ToString(), @class.LimitMeanBytes is { } mean ? E("span", Class("note"), $"mean {Bytes(mean)}") : null),
                E("td", Swap(@class.Swap)),
                E("td", Class("figure"), @class.InstancesMean.ToString("0.##", CultureInfo.InvariantCulture)))))));

    /// <summary>Enough of a digest to tell two apart at a glance; report.json has it whole.</summary>
    public static string Short(string digest) => digest.Length <= DigestCharacters ? digest : digest[..DigestCharacters];

    // A wide table, which on a narrow screen moves within its own frame; the keyboard reaches it there.
    private static XElement Scrolling(string name, params object[] content) =>
        E("div", Class("scroll"), A("role", "region"), A("aria-label", name + ", table"), A("tabindex", "0"), E("table", content));

    private static string Swap(SwapDefinition swap)
    {
        if (swap.Device == SwapDevice.None)
            return "none";
        var device = $"{swap.Device.ToString().ToLowerInvariant()}{(swap.Zswap ? " behind zswap" : "")}, {Bytes(swap.SizeBytes)}, page-cluster {swap.PageCluster}";
        return swap.IsCompressed ? $"{device}, compression {swap.CompressionRatio.ToString("0.##", CultureInfo.InvariantCulture)}" : device;
    }

    private static string Bytes(double bytes) => FigureFormat.Text(new Interval(bytes, null, null), MetricUnit.Bytes, Typography.Page).Value;

    private static string Duration(long microseconds)
    {
        var time = TimeSpan.FromMicroseconds(microseconds);
        return time.TotalDays >= 2 ? $"{time.TotalDays.ToString("0.#", CultureInfo.InvariantCulture)} d"
            : time.TotalHours >= 2 ? $"{time.TotalHours.ToString("0.#", CultureInfo.InvariantCulture)} h"
            : time.TotalMinutes >= 2 ? $"{time.TotalMinutes.ToString("0.#", CultureInfo.InvariantCulture)} min"
            : $"{time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s";
    }
}
