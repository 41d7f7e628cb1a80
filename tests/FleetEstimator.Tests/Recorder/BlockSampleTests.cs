using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

public sealed class BlockSampleTests
{
    private const ulong PagesPerBlock = 512;
    private const int Blocks = 20_000;

    private static readonly PageRange _space = new(1000 * PagesPerBlock, (1000 + Blocks) * PagesPerBlock);

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.125)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void TakesThatShareOfTheBlocks(double fraction)
    {
        var blocks = BlocksOf(new BlockSample(fraction, 1, 4096), lineage: 7).Count;
        Assert.Equal(fraction, (double)blocks / Blocks, 4 * Math.Sqrt(fraction * (1 - fraction) / Blocks));
    }

    [Fact]
    public void TakesEverything_WhenTheFractionIsOne()
    {
        var parts = new List<PageRange>();
        new BlockSample(1, 1, 4096).Clip(3, new PageRange(5, 5000), parts);
        Assert.Equal([new PageRange(5, 5000)], parts);
    }

    [Fact]
    public void PartsAreWholeBlocksOfTheMapping_AndNeighboursAreJoined()
    {
        var sample = new BlockSample(0.5, 5, 4096);
        var range = new PageRange(700, 100_000);
        var parts = new List<PageRange>();
        sample.Clip(9, range, parts);

        Assert.All(parts.Zip(parts.Skip(1)), pair => Assert.True(pair.First.End < pair.Second.Start));
        Assert.All(parts, part => Assert.True(part.Start % PagesPerBlock == 0 || part.Start == range.Start));
        Assert.All(parts, part => Assert.True(part.End % PagesPerBlock == 0 || part.End == range.End));
        for (var page = range.Start; page < range.End; page++)
            Assert.Equal(sample.Includes(9, page), parts.Exists(part => part.Start <= page && page < part.End));
    }

    [Fact]
    public void ASmallerSampleIsPartOfALargerOneWithTheSameKey() =>
        Assert.Subset(BlocksOf(new BlockSample(0.5, 1, 4096), 7), BlocksOf(new BlockSample(0.25, 1, 4096), 7));

    [Theory]
    [InlineData(1, 8)]
    [InlineData(2, 7)]
    public void AnotherProgramOrKeyHasBlocksOfItsOwn(long key, ulong lineage)
    {
        var one = BlocksOf(new BlockSample(0.25, 1, 4096), 7);
        var other = BlocksOf(new BlockSample(0.25, key, 4096), lineage);
        other.IntersectWith(one);
        Assert.Equal(0.0625, (double)other.Count / Blocks, 4 * Math.Sqrt(0.0625 * 0.9375 / Blocks));
    }

    [Fact]
    public void BlocksHave2MiBWhateverAPageHas()
    {
        var parts = new List<PageRange>();
        new BlockSample(0.5, 1, 65536).Clip(1, new PageRange(0, 3200), parts);
        Assert.All(parts, part => Assert.Equal(0UL, part.Start % 32));
        Assert.Contains(parts, part => part.Start % 64 == 32);
    }

    [Fact]
    public void AForkHasTheBlocksOfItsParent_UntilItExecutesAnotherProgram()
    {
        var parent = new RecordedProcess(3, writesSwapOuts: true);
        var child = parent.Fork(4, FleetEstimator.Paging.OperationKind.Write, 0, _ => { });
        Assert.Equal(parent.Lineage, child.Lineage);
        child.Exec(1, _ => { });
        var grandchild = child.Fork(5, FleetEstimator.Paging.OperationKind.Write, 2, _ => { });
        Assert.Equal(child.Lineage, grandchild.Lineage);
        parent.Exec(3, _ => { });
        grandchild.Exec(3, _ => { });
        Assert.Equal(5, new HashSet<ulong> { parent.Lineage, child.Lineage, grandchild.Lineage, new RecordedProcess(3, true).Lineage, new RecordedProcess(4, true).Lineage }.Count);
    }

    private static HashSet<ulong> BlocksOf(BlockSample sample, ulong lineage)
    {
        var parts = new List<PageRange>();
        sample.Clip(lineage, _space, parts);
        var blocks = new HashSet<ulong>();
        foreach (var part in parts)
        {
            for (var block = part.Start / PagesPerBlock; block < part.End / PagesPerBlock; block++)
                _ = blocks.Add(block);
        }

        return blocks;
    }
}
