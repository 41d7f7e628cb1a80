using System.Security.Cryptography;
using FleetEstimator.Paging;
using FleetEstimator.Recorder;
using Xunit;
using static FleetEstimator.Paging.OperationKind;
using static FleetEstimator.Paging.PageContent;

namespace FleetEstimator.Tests.Recorder;

/// <summary>Scans this very process and looks at the rows of memory whose content is known to the page.</summary>
[Collection(LinuxOnly.SwapCollection)]
public sealed class OwnMemoryTests : IDisposable
{
    private const ulong Word = 0x5a5a_0000_1234_5678;

    private readonly ProcessScan _scan = new(new BlockSample(1, 0, Environment.SystemPageSize), new ContentSource());
    private readonly RecordedRows _rows = new();
    private readonly RecordedProcess _process = new(1, writesSwapOuts: true) { NewPagesAre = Observe };
    private ulong _time;

    public OwnMemoryTests() => LinuxOnly.RequirePageMap();

    public void Dispose() => _scan.Dispose();

    [Fact]
    public void SeesNothing_WhenAnotherProcessHasThePid_OrTheProcessRunsAnotherProgram()
    {
        var self = _scan.Stat(Environment.ProcessId)!.Value;

        Assert.False(Scan(self with { StartTicks = self.StartTicks + 1 }));
        Assert.False(Scan(self with { Layout = self.Layout with { Stack = self.Layout.Stack + 4096 } }));
        Assert.False(Scan(self with { ForkedWithoutExec = !self.ForkedWithoutExec }));
        Assert.Empty(_rows.Rows);
        Assert.True(Scan(self));
        Assert.NotEmpty(_rows.Rows);
    }

    [Fact]
    public void WritesWhatIsThereAndThenWhatChanges()
    {
        using var memory = new OwnMemory(64);
        for (var page = 0; page < 10; page++)
            RandomNumberGenerator.Fill(memory.Page(page));
        for (var page = 10; page < 20; page++)
            memory.Fill(page, 0);
        for (var page = 20; page < 30; page++)
            memory.Fill(page, Word);
        for (var page = 30; page < 40; page++)
            _ = memory.Touch(page);

        Assert.Equal(
            [(Map, 0, 64, Unknown, 0), (Observe, 0, 10, Data, 0), (Observe, 10, 10, Zero, 0), (Observe, 20, 10, Repeated, Word), (Read, 30, 10, Unknown, 0)],
            ScanAgain(memory));
        Assert.Empty(ScanAgain(memory));

        memory.Page(3)[4095] ^= 1;
        memory.Fill(4, 0);
        memory.Page(19)[0] = 1;
        memory.Fill(35, 0);
        memory.Fill(50, Word);
        _ = memory.Touch(60);
        memory.Advise(5, 2, OwnMemory.DontNeed);
        memory.Advise(39, 1, OwnMemory.DontNeed);
        memory.Advise(29, 1, OwnMemory.DontNeed);
        _ = memory.Touch(29);

        Assert.Equal(
            [
                (Discard, 5, 2, Unknown, 0), (Discard, 29, 1, Unknown, 0), (Discard, 39, 1, Unknown, 0),
                (Write, 3, 1, Data, 0), (Write, 4, 1, Zero, 0), (Write, 19, 1, Data, 0), (Read, 29, 1, Unknown, 0), (Write, 35, 1, Zero, 0),
                (Write, 50, 1, Repeated, Word), (Read, 60, 1, Unknown, 0),
            ],
            ScanAgain(memory));
        Assert.Empty(ScanAgain(memory));
    }

    [Fact]
    public void UnmapsWhatWasUnmapped_AndMapsWhatComesLater()
    {
        var first = new OwnMemory(8);
        first.Fill(2, Word);
        _ = ScanAgain(first);
        var range = first.Range;
        first.Dispose();
        using var second = new OwnMemory(5);
        second.Fill(1, Word);
        _ = Scan();

        Assert.DoesNotContain(_rows.Of(1).Keys, page => page >= range.Start && page < range.End && !(page >= second.Range.Start && page < second.Range.End));
        Assert.Equal((Repeated, Word), _rows.Of(1)[second.Range.Start + 1]);
    }

    [Fact]
    public void ReservationsAreMappedWhereTheyHoldPages()
    {
        using var memory = new OwnMemory(6);
        memory.Fill(2, Word);
        memory.Fill(3, 0);
        memory.Protect(0, 6, OwnMemory.NoAccess);

        Assert.Equal([(Map, 2, 2, Unknown, 0), (Observe, 2, 1, Repeated, Word), (Observe, 3, 1, Zero, 0)], ScanAgain(memory));

        memory.Protect(0, 6, OwnMemory.ReadWrite);

        Assert.Equal([(Map, 0, 2, Unknown, 0), (Map, 4, 2, Unknown, 0)], ScanAgain(memory));
    }

    [Fact]
    public void BothPageMapsSeeTheSame()
    {
        using var memory = new OwnMemory(1200);
        for (var page = 0; page < memory.Pages; page += 3)
            memory.Fill(page, 1);
        for (var page = 1; page < memory.Pages; page += 5)
            _ = memory.Touch(page);
        if (LinuxMachine.SwapBytes > 0)
            memory.Advise(600, 100, OwnMemory.PageOut);
        var pageMap = Linux.Open("/proc/self/pagemap", Linux.ReadOnly);
        using var entries = PageMaps.OpenEntries(pageMap);
        List<PageRun> byEntry;
        try
        {
            byEntry = memory.Look(entries);
        }
        catch (RecordingException exception)
        {
            Assert.Skip(exception.Message);
            return;
        }

        Assert.Equal(Pages(memory.Look()), Pages(byEntry));
    }

    [Fact]
    public void TheHugeZeroPageIsTheZeroPage()
    {
        const int hugePage = 512;
        if (LinuxMachine.HugePages is null or "never" || Environment.SystemPageSize != 4096)
            Assert.Skip("Huge pages are off (/sys/kernel/mm/transparent_hugepage/enabled).");
        using var memory = new OwnMemory(2 * hugePage, alignmentPages: hugePage);
        memory.Advise(0, 2 * hugePage, OwnMemory.HugePage);
        _ = memory.Touch(0);
        memory.Page(hugePage)[0] = 1;
        if (!memory.Look().Exists(run => run.Categories.HasFlag(PageCategories.Huge)))
            Assert.Skip("The kernel had no huge page to give.");

        using var pageMap = PageMaps.Open(Environment.ProcessId)!;
        Assert.True(pageMap.IsHugeZeroPage(memory.Range.Start + 7));
        Assert.False(pageMap.IsHugeZeroPage(memory.Range.Start + hugePage + 7));
        Assert.Equal(
            [(Map, 0, 2 * hugePage, Unknown, 0), (Read, 0, hugePage, Unknown, 0), (Observe, hugePage, 1, Data, 0), (Observe, hugePage + 1, hugePage - 1, Zero, 0)],
            ScanAgain(memory));
    }

    [Fact]
    public void LookingSwapsNothingIn()
    {
        LinuxOnly.RequireSwap();
        using var memory = new OwnMemory(256);
        for (var page = 0; page < 200; page++)
            RandomNumberGenerator.Fill(memory.Page(page));
        for (var page = 200; page < 256; page++)
            memory.Fill(page, 0);
        Assert.Equal(3, ScanAgain(memory).Count);
        memory.Advise(0, memory.Pages, OwnMemory.PageOut);
        var before = Pages(memory.Look());
        var swappedOut = before.Count(page => page.Categories == PageCategories.SwappedOut);
        Assert.InRange(swappedOut, 150, 256);

        var rows = ScanAgain(memory);

        Assert.Equal(before, Pages(memory.Look()));
        Assert.All(rows, row => Assert.Equal(ObservedSwapOut, row.Kind));
        Assert.Equal(swappedOut, rows.Sum(row => row.Pages));

        // Those that come back were accessed; that shows too, and what changed.
        _ = memory.Touch(10);
        memory.Page(20)[5] ^= 1;
        _ = memory.Touch(210);
        var after = ScanAgain(memory);
        foreach (var (page, kind, content) in new[] { (10UL, Access, Data), (20UL, Write, Data), (210UL, Access, Zero) })
        {
            if (before.Exists(entry => entry.Page == memory.Range.Start + page && entry.Categories == PageCategories.SwappedOut))
                Assert.Contains((kind, page, 1u, content, 0UL), after);
        }
    }

    [Fact]
    public void PagesThatComeBackAfterAPageOut_WereAccessed_AndThoseThatNeverWentWereNot()
    {
        LinuxOnly.RequireSwap();
        using var memory = new OwnMemory(64);
        for (var page = 0; page < 64; page++)
            memory.Fill(page, (ulong)page / 32 * Word);
        memory.Lock(40, 8);
        var process = new RecordedProcess(2, writesSwapOuts: false);
        process.Map([memory.Range], 0, _rows.Append);
        for (var page = 0; page < 64; page++)
            process.See(memory.Range.Start + (ulong)page, new PageSighting(Presence.Mapped, page < 32 ? Zero : Repeated, page < 32 ? 0 : Word));
        process.EndScan(0, _rows.Append);
        using var probe = new PageOutSource();
        probe.Provoke(Environment.ProcessId, process);
        var tally = probe.TakeTally();

        var swappedOut = Pages(memory.Look()).Count(page => page.Categories == PageCategories.SwappedOut);
        Assert.Equal((swappedOut, 64 - swappedOut), (tally.ProbedPages, tally.UnprobedPages));
        for (var page = 0; page < 64; page++)
        {
            var isOut = Pages(memory.Look()).Exists(entry => entry.Page == memory.Range.Start + (ulong)page && entry.Categories == PageCategories.SwappedOut);
            Assert.Equal(isOut, process.Pages[memory.Range.Start + (ulong)page].IsOut);
            Assert.False(isOut && page is >= 40 and < 48);
        }
    }

    private static List<(ulong Page, PageCategories Categories)> Pages(List<PageRun> runs)
    {
        var pages = new List<(ulong, PageCategories)>();
        foreach (var run in runs)
        {
            for (var page = run.Range.Start; page < run.Range.End; page++)
                pages.Add((page, run.Categories));
        }

        return pages;
    }

    private bool Scan() => Scan(_scan.Stat(Environment.ProcessId)!.Value);

    private bool Scan(ProcessStat expected) => _scan.Scan(in expected, _process, ++_time, _rows.Append, TestContext.Current.CancellationToken);

    private List<(OperationKind Kind, ulong Offset, uint Pages, PageContent Content, ulong Fill)> ScanAgain(OwnMemory memory)
    {
        var before = _rows.Rows.Count;
        Assert.True(Scan());
        return RecordedRows.Within(_rows.Rows.Skip(before), memory.Range);
    }
}
