using System.Text;
using FleetEstimator.Estimation;

namespace FleetEstimator.Cli.Sampling;

/// <summary>A study of the fleet in the inventory over recordings that are still to be made.</summary>
internal static class StudySkeleton
{
    /// <summary>The study file. Drawn by simple random sampling within each class, recordings of a class count alike, as studies count them.</summary>
    /// <param name="name">Name of the study.</param>
    /// <param name="inventory">The fleet.</param>
    /// <param name="store">Folder of the trace store, relative to the study.</param>
    /// <param name="level">Level of the intervals.</param>
    /// <param name="seed">Seed of the study.</param>
    public static string Write(string name, Inventory inventory, string store, double level, ulong seed)
    {
        var text = new StringBuilder();
        text.Append(
            $"""
            # Made by fleet-estimator sample-plan. Record the nodes of the plan, then for each class:
            #   fleet-estimator ingest TRACES --store {store} --class CLASS
            # What the inventory does not say is a guess: see the lines that say "check".
            study: {name}
            seed: {seed}
            mechanisms: [linux-6.12, linux-6.12+zero-pfn-swapin, linux-6.12+zero-at-swapout]
            baseline: linux-6.12
            level: {Percentage.ToText(level)}
            classes:

            """);
        foreach (var (@class, nodes) in inventory.Classes)
        {
            var (memory, swap) = (Median(nodes.Select(node => node.MemoryBytes)), Median(nodes.Select(node => node.SwapBytes)));
            text.Append(
                $$"""
                  - name: {{Quoted(@class)}}
                    nodes: {{nodes.Count}}
                    memory: {{ByteSize.ToText(memory)}}{{(nodes.Any(node => node.MemoryBytes != memory) ? "   # the median of its nodes" : "")}}
                    unmodelled: 0 B              # check: page cache, shared memory, kernel
                    recordings: [{store: {{Quoted(store)}}, class: {{Quoted(@class)}}}]
                    limit: {of_peak: 70%}        # check: the memory limit relative to the unlimited peak, or a size, or none
                    swap: {device: zram, size: {{ByteSize.ToText(swap > 0 ? swap : Math.Max(1, memory / 4))}}}   # check the device{{(swap > 0 ? "" : "; the inventory has no swap size")}}

                """);
        }

        return text.ToString();
    }

    private static long Median(IEnumerable<long> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    // A name of digits only, or true, would not be text in YAML.
    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
