using FleetEstimator.Paging;
using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

/// <summary>Scans a sample of this very process's memory.</summary>
public sealed class SampledScanTests : IDisposable
{
    private const int PagesPerBlock = 512;
    private const int Blocks = 24;

    private readonly BlockSample _sample = new(0.5, Linux.RandomNumber(), Environment.SystemPageSize);
    private readonly ProcessScan _scan;
    private readonly RecordedRows _rows = new();

    public SampledScanTests()
    {
        LinuxOnly.RequirePageMap();
        if (Environment.SystemPageSize != 4096)
            Assert.Skip("Written for pages of 4 KiB.");
        _scan = new ProcessScan(_sample, new ContentSource());
    }

    public void Dispose() => _scan.Dispose();

    [Fact]
    public void HoldsTheSampledBlocksAndNothingElse()
    {
        using var memory = Filled();
        var process = new RecordedProcess(1, writesSwapOuts: true) { NewPagesAre = OperationKind.Observe };

        Scan(process);

        for (var page = memory.Range.Start; page < memory.Range.End; page++)
            Assert.Equal(_sample.Includes(process.Lineage, page), _rows.Of(1).ContainsKey(page));
        Assert.All(_rows.Rows, row => Assert.True(_sample.Includes(process.Lineage, row.Operation.Page)));

        memory.Fill(7, 99);
        memory.Fill(7 + PagesPerBlock, 99);
        memory.Protect(0, memory.Pages, OwnMemory.NoAccess);
        var before = _rows.Rows.Count;
        Scan(process);

        // What became a reservation stays mapped where it holds pages: all of it. Only the two pages changed, as far as their blocks are sampled.
        Assert.Equal(
            new[] { 7, 7 + PagesPerBlock }.Select(page => memory.Range.Start + (ulong)page).Where(page => _sample.Includes(process.Lineage, page)),
            _rows.Rows.Skip(before).Select(row => row.Operation.Page).Where(page => page >= memory.Range.Start && page < memory.Range.End));
    }

    [Fact]
    public void AForkIsLookedAtInTheBlocksOfItsParent()
    {
        using var memory = Filled();
        var parent = new RecordedProcess(1, writesSwapOuts: true) { NewPagesAre = OperationKind.Observe };
        Scan(parent);
        var child = parent.Fork(2, OperationKind.Write, 3, _rows.Append);
        var before = _rows.Rows.Count;

        Scan(child);

        Assert.DoesNotContain(_rows.Rows.Skip(before), row => row.Operation.Page >= memory.Range.Start && row.Operation.Page < memory.Range.End);
        var blocks = SampledBlocks(memory, parent);
        Assert.Equal(blocks, SampledBlocks(memory, child));

        child.Exec(3, _rows.Append);
        Scan(child);

        Assert.Equal(SampledBlocks(memory, child), [.. _rows.Of(2).Keys.Where(page => page >= memory.Range.Start && page < memory.Range.End).Select(page => page / PagesPerBlock).Distinct()]);
    }

    [Fact]
    public void OfAVastMappingOnlyBlocksThatHoldPagesAreMapped()
    {
        using var memory = new OwnMemory(Blocks * PagesPerBlock, alignmentPages: PagesPerBlock);
        foreach (var block in new[] { 1, 2, 5, 11, 12, 13, 14, 20, 21 })
            memory.Fill((block * PagesPerBlock) + 100, 77);
        var sample = new BlockSample(0.5, 1, Environment.SystemPageSize, sparseBytes: (ulong)memory.Pages * 4096);
        using var scan = new ProcessScan(sample, new ContentSource());
        var process = new RecordedProcess(1, writesSwapOuts: true);

        Assert.True(scan.Scan(ThisProcess(scan), process, 0, _rows.Append, TestContext.Current.CancellationToken));

        var first = memory.Range.Start / PagesPerBlock;
        var expected = new ulong[] { 1, 2, 5, 11, 12, 13, 14, 20, 21 }.Where(block => sample.Includes(process.Lineage, (first + block) * PagesPerBlock)).ToList();
        var mapped = _rows.Rows.Where(row => row.Operation.Kind == OperationKind.Map && row.Operation.Page >= memory.Range.Start && row.Operation.Page < memory.Range.End).ToList();
        Assert.All(mapped, row => Assert.Equal(0UL, row.Operation.Page % PagesPerBlock));
        Assert.Equal(expected, mapped.SelectMany(row => Enumerable.Range(0, (int)row.Operation.Pages / PagesPerBlock).Select(block => (row.Operation.Page / PagesPerBlock) - first + (ulong)block)));
        Assert.Equal(expected, _rows.Of(1).Keys.Where(page => page >= memory.Range.Start && page < memory.Range.End).Select(page => (page / PagesPerBlock) - first));
    }

    private static OwnMemory Filled()
    {
        var memory = new OwnMemory(Blocks * PagesPerBlock, alignmentPages: PagesPerBlock);
        for (var page = 0; page < memory.Pages; page++)
            memory.Fill(page, (ulong)page + 1);
        return memory;
    }

    private List<ulong> SampledBlocks(OwnMemory memory, RecordedProcess process) =>
        [.. Enumerable.Range(0, Blocks).Select(block => (memory.Range.Start / PagesPerBlock) + (ulong)block).Where(block => _sample.Includes(process.Lineage, block * PagesPerBlock))];

    private static ProcessStat ThisProcess(ProcessScan scan) => scan.Stat(Environment.ProcessId)!.Value;

    private void Scan(RecordedProcess process) => Assert.True(_scan.Scan(ThisProcess(_scan), process, 3, _rows.Append, TestContext.Current.CancellationToken));
}
