using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder.Sources;

public sealed class SoftDirtySourceTests : IDisposable
{
    private static readonly PageRange _vma = new(1000, 1008);

    private readonly MadeUpKernel _machine = new();
    private readonly RecordedProcess _process = new(1, writesSwapOuts: true);
    private readonly PageBatch _batch = new();
    private readonly SoftDirtySource _source;

    public SoftDirtySourceTests()
    {
        LinuxOnly.Require();
        _machine.Write("/proc/7/clear_refs", "");
        _source = new SoftDirtySource(_machine.Kernel);
    }

    public void Dispose()
    {
        _source.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public void DirtyPagesWereWritten_CleanOnesTellNothingOfReads()
    {
        Assert.Equal("--------", Scan([_vma], new PageRange(1000, 1008)));
        Assert.Equal("4", _machine.Read("/proc/7/clear_refs"));

        Assert.Equal("-WW----W", Scan([_vma], new PageRange(1001, 1003), new PageRange(1007, 1008)));
        Assert.Equal("--------", Scan([_vma]));
    }

    [Fact]
    public void AVmaThatIsNewOrHasGrownTellsNothing_SinceAllOfItIsDirty()
    {
        _ = Scan([_vma]);

        Assert.Equal("--------", Scan([new PageRange(1000, 1010)], new PageRange(1000, 1010)));
        Assert.Equal("W-------", Scan([new PageRange(1000, 1010)], new PageRange(1000, 1001)));
        Assert.Equal("--------", Scan([new PageRange(990, 1010)], new PageRange(990, 1010)));
    }

    [Fact]
    public void AVmaOfWhichOnlyAPartIsRecordedTellsNothing_WhenItHasGrownElsewhere()
    {
        _ = Scan([new PageRange(1000, 2000)], [_vma]);

        Assert.Equal("WWWWWWWW", Scan([new PageRange(1000, 2000)], [_vma], new PageRange(1000, 2000)));
        Assert.Equal("--------", Scan([new PageRange(1000, 2001)], [_vma], new PageRange(1000, 2001)));
    }

    [Fact]
    public void AVmaThatIsSplitTellsNothingOnce()
    {
        _ = Scan([_vma]);

        PageRange[] halves = [new(1000, 1004), new(1004, 1008)];
        Assert.Equal("--------", Scan(halves, new PageRange(1000, 1008)));
        Assert.Equal("---W----", Scan(halves, new PageRange(1003, 1004)));
    }

    [Fact]
    public void AChildInheritsItsParentsBits_WhichAreNotItsWrites()
    {
        _ = Scan([_vma]);
        var child = _process.Fork(2, FleetEstimator.Paging.OperationKind.Write, 0, static _ => { });

        Assert.Equal("--------", Scan(child, [_vma], [_vma], [_vma]));
        Assert.Equal("W-------", Scan(child, [_vma], [_vma], [new PageRange(1000, 1001)]));
    }

    [Fact]
    public void AHugePageThatTheKernelMadeIsDirty_AndNotWritten()
    {
        _ = Scan([_vma]);
        _batch.Fill([new PageRun(_vma, PageCategories.Present | PageCategories.Huge)]);
        SetBits(_vma);
        _source.BeginProcess(7, _process, Vmas([_vma]), [_vma]);
        _source.Ask(_batch, _process);

        Assert.All(_batch.Uses.ToArray(), use => Assert.Equal(PageUse.NotKnown, use));
    }

    [Fact]
    public void APageWrittenAndThenSwappedOutWasWritten()
    {
        _ = Scan([_vma]);
        _batch.Fill([new PageRun(_vma, PageCategories.SwappedOut)]);
        SetBits(new PageRange(1002, 1003));
        _source.BeginProcess(7, _process, Vmas([_vma]), [_vma]);
        _source.Ask(_batch, _process);

        Assert.Equal(PageUse.Written, _batch.Uses[2]);
        Assert.Equal(PageUse.NotKnown, _batch.Uses[3]);
    }

    [Fact]
    public void AWriteAfterThePageWasAskedAboutIsToldByTheNextScan_OneThatWasToldIsNotToldTwice()
    {
        _ = Scan([_vma]);

        Assert.Equal("-W------", Scan(_process, [_vma], [_vma], [new PageRange(1001, 1002)], dirtyAtTheEnd: [new PageRange(1001, 1002), new PageRange(1004, 1006)]));
        Assert.Equal("----WW--", Scan([_vma]));
        Assert.Equal("--------", Scan([_vma]));
    }

    [Fact]
    public void AProcessThatEndsMeanwhileIsNoError()
    {
        File.Delete(_machine.PathOf("/proc/7/clear_refs"));

        Assert.Equal("--------", Scan([_vma]));
    }

    private string Scan(PageRange[] vmas, params PageRange[] dirty) => Scan(_process, vmas, vmas, dirty);

    private string Scan(PageRange[] vmas, PageRange[] recorded, params PageRange[] dirty) => Scan(_process, vmas, recorded, dirty);

    /// <summary>A letter for each of the eight pages: W written, - not known. They are in memory and hold the same as ever.</summary>
    private string Scan(RecordedProcess process, PageRange[] vmas, PageRange[] recorded, PageRange[] dirty, PageRange[]? dirtyAtTheEnd = null)
    {
        var uses = "";
        SetBits(dirty);
        _source.BeginProcess(7, process, Vmas(vmas), recorded);
        process.Map([.. recorded], 0, static _ => { });
        for (var page = _vma.Start; page < _vma.End; page++)
        {
            _batch.Fill([new PageRun(new PageRange(page, page + 1), PageCategories.Present)]);
            _source.Ask(_batch, process);
            uses += _batch.Uses[0] == PageUse.Written ? 'W' : '-';
            process.See(page, new PageSighting(Presence.Mapped, FleetEstimator.Paging.PageContent.Data, 1), default);
        }

        _source.EndProcess(7, process, new NoPageMap(dirtyAtTheEnd ?? dirty));
        return uses;
    }

    private void SetBits(params PageRange[] dirty)
    {
        for (var page = _vma.Start; page < _vma.End; page++)
            _machine.SetNumber("/proc/7/pagemap", page, (1UL << 63) | (dirty.Any(range => range.Start <= page && page < range.End) ? 1UL << 55 : 0));
    }

    private static List<AnonymousMapping> Vmas(PageRange[] ranges) => [.. ranges.Select(range => new AnonymousMapping(range, true))];
}
