using FleetEstimator.Recorder;

namespace FleetEstimator.Tests.Recorder.Sources;

/// <summary>A page table of which only the soft-dirty pages are known.</summary>
internal sealed class NoPageMap(params PageRange[] dirty) : PageMap
{
    internal override ulong Find(PageRange range, int maxPages, List<PageRun> runs) => throw new NotSupportedException();

    internal override void FindSoftDirty(PageRange range, List<PageRange> found)
    {
        foreach (var run in dirty)
        {
            var part = new PageRange(Math.Max(run.Start, range.Start), Math.Min(run.End, range.End));
            if (part.Start < part.End)
                found.Add(part);
        }
    }

    internal override bool IsHugeZeroPage(ulong page) => false;

    public override void Dispose()
    {
    }
}
