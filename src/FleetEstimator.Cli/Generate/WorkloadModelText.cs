using System.Globalization;
using FleetEstimator.Estimation;
using FleetEstimator.Traces.Synthesis;

namespace FleetEstimator.Cli;

/// <summary>Writes a workload model as YAML that <see cref="WorkloadModelReader"/> reads, each key with what it means.</summary>
internal static class WorkloadModelText
{
    /// <summary>The file.</summary>
    /// <param name="model">The model.</param>
    /// <param name="heading">A line about where it comes from.</param>
    public static string Write(WorkloadModel model, string heading)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine($"# {heading}");
        text.WriteLine("# Time goes in steps; a step is what a recorder sees between two scans. Shares and probabilities are from 0 to 1.");
        text.WriteLine($"model: {Quoted(model.Name)}");
        text.WriteLine("version: 1");
        text.WriteLine($"page_size: {ByteSize.ToText(model.PageSize)}");
        text.WriteLine($"step: {Period.ToText(model.StepMicroseconds)}");
        text.WriteLine($"memory: {ByteSize.ToText(model.NodeBytes.Memory)}");
        text.WriteLine($"swap: {ByteSize.ToText(model.NodeBytes.Swap)}");
        text.WriteLine();
        text.WriteLine("# Pages that are there before the first step, seen but not accessed. persistence: how often an extent has the content of its neighbour rather than one");
        text.WriteLine("# drawn anew; parts: memory by process and address, with factors on the odds that a page is accessed for the first time, and that this is a store, since");
        text.WriteLine("# memory differs by address.");
        text.WriteLine("first:");
        text.WriteLine($"  persistence: {N(model.FirstPersistence)}");
        if (model.First.Count > 0)
            text.WriteLine("  parts:");
        foreach (var part in model.First)
            text.WriteLine($"    - {{pages: {part.Pages}, contents: {Contents(part.Contents)}, accessed: {N(part.Accessed)}, stores: {N(part.Stores)}}}");
        text.WriteLine("# Pages that appear later. reuse: share that appears where pages have gone, as long as there is room; unaccessed: share seen without having been accessed.");
        text.WriteLine($"new: {{contents: {Contents(model.NewContents)}, persistence: {N(model.NewPersistence)}, reuse: {N(model.Reuse)}, unaccessed: {N(model.Unaccessed)}}}");
        text.WriteLine("# What a store leaves, by what was there before: how long zeros last.");
        text.WriteLine("stored:");
        foreach (var (name, stored) in WorkloadModelKeys.Contents.Zip(model.Stored))
            text.WriteLine($"  {name}: {Contents(stored)}");
        text.WriteLine("# Share of accesses that are stores, to zero-filled pages and to others, by what the page's accesses were so far (never: it had none; new: it was written");
        text.WriteLine("# when it appeared, and had none since; no-store; stores-only; both, the last a store or a store before that), and by steps since the last: after long");
        text.WriteLine("# ones a page comes back from swap.");
        text.WriteLine("stores:");
        Table(text, "zero", PastStores.Names, model.ZeroStores);
        Table(text, "other", PastStores.Names, model.OtherStores);
        text.WriteLine("# Probability that a page that is there is accessed in a step, relative to each other: phases say how many are. By the share of steps in which it was");
        text.WriteLine("# accessed so far (never; only when it appeared; below 25%, …), and by steps since its last access.");
        text.WriteLine("# loads: share of accesses other than stores that are known to be loads; neighbours: correlation between neighbouring extents.");
        text.WriteLine("accessed:");
        Table(text, "zero", PastUse.Names, model.ZeroAccessed);
        Table(text, "other", PastUse.Names, model.OtherAccessed);
        text.WriteLine($"  loads: {N(model.Loads)}");
        text.WriteLine($"  neighbours: {N(model.Neighbours)}");
        text.WriteLine("# Pages that go other than by exit: share unmapped rather than discarded; and which ones, by age in steps and by steps since the last access, 1 in all.");
        text.WriteLine("gone:");
        text.WriteLine($"  unmapped: {N(model.Unmapped)}");
        Table(text, "zero", Ages.Names, model.ZeroGone);
        Table(text, "other", Ages.Names, model.OtherGone);
        text.WriteLine("  # How many times as often as others of the same content, age and absence, by what the page's accesses were, as above.");
        text.WriteLine($"  risk: {{{Named(PastStores.Names, model.GoneRisk)}}}");
        text.WriteLine("# lasting: share of new pages of each process that stays; transient: sizes of those that exit.");
        text.WriteLine("processes:");
        text.WriteLine($"  lasting: [{string.Join(", ", model.LastingProcesses.Select(N))}]");
        Sizes(text, "  transient", model.TransientProcesses);
        text.WriteLine("# Sizes in pages: of mappings, of what appears side by side in a step, of what has the same content and is accessed together.");
        Sizes(text, "mappings", model.Mappings);
        Sizes(text, "regions", model.Regions);
        Sizes(text, "extents", model.Extents);
        text.WriteLine("# Pages a step. new: of lasting processes; transient: of processes that will exit; exited: go by exit; gone: unmapped or discarded;");
        text.WriteLine("# accessed: of those that were there before.");
        text.WriteLine("phases:");
        foreach (var phase in model.Phases)
        {
            text.WriteLine($"  - {{steps: {phase.Steps}, new: {N(phase.New)}, transient: {N(phase.Transient)}, exited: {N(phase.Exited)}, gone: {N(phase.Gone)}, "
                + $"accessed: {N(phase.Accessed)}}}");
        }

        return text.ToString();
    }

    private static string N(double number) => number.ToString("0.######", CultureInfo.InvariantCulture);

    private static string Quoted(string name) => $"'{new string([.. name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '-').Take(100)])}'";

    private static string Contents(ContentShares shares) => $"{{{Named(WorkloadModelKeys.Contents, [shares.Zero, shares.Repeated, shares.Data, shares.Unknown])}}}";

    private static string Named(IReadOnlyList<string> names, IReadOnlyList<double> values) => string.Join(", ", names.Zip(values, (name, value) => $"{name}: {N(value)}"));

    private static void Table(StringWriter text, string key, IReadOnlyList<string> names, IReadOnlyList<IReadOnlyList<double>> rows)
    {
        text.WriteLine($"  {key}:");
        foreach (var (name, byIdle) in names.Zip(rows))
            text.WriteLine($"    {name}: {{{Named(IdleSteps.Names, byIdle)}}}");
    }

    private static void Sizes(StringWriter text, string key, PageSizes sizes) =>
        text.WriteLine($"{key}: [{string.Join(", ", sizes.Sizes.Select(size => $"{{pages: {N(size.Pages)}, share: {N(size.Share)}}}"))}]");
}
