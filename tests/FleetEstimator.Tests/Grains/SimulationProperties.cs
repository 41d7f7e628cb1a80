using CsCheck;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;
using static FleetEstimator.Tests.Grains.RecordedFolder;

namespace FleetEstimator.Tests.Grains;

/// <summary>What must hold whatever was recorded, without a referee.</summary>
public sealed class SimulationProperties
{
    private const int Pages = 1024;
    private const string Zram = "swap: {device: zram, size: 64 MiB, page_cluster: 0}";

    private static readonly string[] s_settings =
    [
        $"limit: {{of_peak: 50%}}, {Zram}",
        $"limit: {{of_peak: 50%}}, lru: classic, {Zram}",
        "limit: {of_peak: 60%}, swap: {device: ssd, size: 64 MiB, page_cluster: 3}",
        "limit: {of_peak: 60%}, swap: {device: ssd, size: 64 MiB, page_cluster: 3, zswap: on}",
    ];

    /// <summary>Accesses, discards and page-outs of runs of pages, in two processes of which the second is forked from the first.</summary>
    private static readonly Gen<TraceRow[]> AnyRecording = Recordings(OperationKind.Observe);

    private static Gen<TraceRow[]> Recordings(OperationKind scan) =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, Pages - 1], Gen.Int[1, 200], Gen.Int[0, 3], Gen.Bool).Array[20, 60].Select(steps =>
        {
            var rows = new List<TraceRow>
            {
                Row(0, OperationKind.Map, 0, Pages), Row(0, OperationKind.Write, 0, Pages / 2, PageContent.Data), Row(0, OperationKind.Write, Pages / 2, Pages / 2, PageContent.Zero),
                new((ulong)(0.05 * Second), new Operation(OperationKind.Fork, 1, 2, 1)),
            };
            foreach (var (index, (kind, page, pages, content, inChild)) in steps.Index())
            {
                var operation = kind switch
                {
                    < 5 => OperationKind.Read,
                    < 7 => OperationKind.Write,
                    7 => scan,
                    8 => OperationKind.Discard,
                    _ => OperationKind.PageOut,
                };
                var saysContent = operation is OperationKind.Write or OperationKind.Observe;
                rows.Add(new TraceRow((ulong)((index + 1) * 0.1 * Second), new Operation(
                    operation, inChild ? 2u : 1, (ulong)page, (uint)Math.Min(pages, Pages - page), saysContent ? (PageContent)content : PageContent.Unknown)));
            }

            return rows.ToArray();
        });

    [Fact]
    public void WithoutZeroPages_NoMechanismSavesAnything() =>
        (from recording in AnyRecording from settings in Gen.Int[0, s_settings.Length - 1].Select(index => s_settings[index]) select (recording, settings)).Sample(
            drawn =>
            {
                using var folder = new RecordedFolder();
                folder.Record("node", drawn.recording);
                var lanes = folder.Simulate($"instances: 2, zero_pages: 0%, {drawn.settings}", "",
                    "linux-6.12, linux-6.12+zero-pfn-swapin, linux-6.12+zero-pfn-swapin-ra, linux-6.12+zero-at-swapout").Lanes;
                var baseline = lanes[0];

                Assert.Equal((0, 0, 0), (baseline.ZeroFilledResidentMeanBytes, baseline.Counters.ZeroSwapOuts, baseline.Counters.ZeroFilledSwapOuts));
                Assert.Equal(baseline, lanes[1] with { Mechanism = 0 });
                Assert.Equal(baseline, lanes[2] with { Mechanism = 0 });

                // It looks at every page that leaves before it knows that there is nothing to save.
                Assert.Equal(baseline, lanes[3] with { Mechanism = 0, CpuNanoseconds = baseline.CpuNanoseconds });
                Assert.True(lanes[3].CpuNanoseconds >= baseline.CpuNanoseconds);
            },
            iter: 40);

    // Without scans: a content that a scan found changed was stored, and with the change the store is gone.
    [Fact]
    public void MoreZeroPages_NeverSaveLess_UnderTheRfc_WithLoadsOnlyAndNothingElseAtWork() =>
        (from recording in Recordings(OperationKind.Write) from device in Gen.Bool.Select(isZram => isZram ? "zram" : "ssd") select (recording, device)).Sample(
            drawn =>
            {
                using var folder = new RecordedFolder();
                folder.Record("node", drawn.recording);
                var saved = ((string[])["0%", "10%", "30%", "50%", "75%", "100%"]).Select(zeros =>
                {
                    var lanes = folder.Simulate($"instances: 1, start: beginning, zero_pages: {zeros}, loads: 100%, swap: {{device: {drawn.device}, size: 64 MiB, page_cluster: 0}}").Lanes;
                    return lanes[0].MemoryMeanBytes - lanes[1].MemoryMeanBytes;
                }).ToList();

                Assert.Equal(0, saved[0]);

                // Means are rounded down to whole bytes.
                Assert.All(saved.Zip(saved.Skip(1)), step => Assert.True(step.Second >= step.First - 1, string.Join(", ", saved)));
            },
            iter: 40);

    [Fact]
    public void NodeOfAClass_IsTheSame_WhateverTheNumberAndOrderOfClassesAndNodes()
    {
        using var folder = new RecordedFolder();
        folder.Record("one", RightSizingTests.Skewed(1, pages: 600, rows: 60));
        folder.Record("two", RightSizingTests.Skewed(2, pages: 600, rows: 60));
        const string web = $"instances: 2, limit: {{of_peak: 60%}}, zero_pages: 30%, loads: 70%, {Zram}";
        const string other = $"name: other, nodes: 3, instances: 1, limit: {{of_peak: 50%}}, {Zram}";
        const string bound = "right_size: {major_faults: {of_baseline: 120%}}";

        var few = Nodes($"name: web, nodes: 4, {web}", other);
        var twice = Nodes($"name: web, nodes: 8, {web}", other);
        var reordered = Nodes(other, $"name: web, nodes: 4, {web}");
        var split = Nodes($"name: web, nodes: 2, {web}", $"name: web-b, nodes: 2, {web}", other);

        Assert.Equal(few["web"], twice["web"].Take(4));
        Assert.Equal(few["web"], reordered["web"]);
        Assert.Equal(few["web"].Take(2), split["web"]);
        Assert.All([twice, reordered, split], nodes => Assert.Equal(few["other"], nodes["other"]));
        Assert.Distinct(few["web"]);

        // From the beginning, nodes differ by their recording alone, so that it does not matter which part of a split class they are in.
        var whole = Nodes($"name: web, nodes: 4, start: beginning, {web}");
        var parts = Nodes($"name: a, nodes: 2, start: beginning, {web}", $"name: b, nodes: 2, start: beginning, {web}");
        Assert.Equal(whole["web"], parts["a"].Concat(parts["b"]));

        Dictionary<string, string[]> Nodes(params string[] classes)
        {
            var plan = folder.Plan(classes, bound);
            var study = folder.Study(plan);
            return Enumerable.Range(0, (int)plan.NodeCount).Select(ordinal => study.Simulate(ordinal)).GroupBy(node => plan.Study.Classes[node.Class].Name)
                .ToDictionary(nodes => nodes.Key, nodes => nodes.Select(node => string.Join('\n', node.Lanes)).ToArray());
        }
    }
}
