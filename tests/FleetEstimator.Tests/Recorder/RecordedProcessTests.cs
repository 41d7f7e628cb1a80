using CsCheck;
using FleetEstimator.Paging;
using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

/// <summary>Simulated processes live on between scans; whatever they do, the rows replayed must give what they hold.</summary>
public sealed class RecordedProcessTests
{
    private const int AddressSpacePages = 24;

    private enum Act
    {
        Map,
        Unmap,
        Write,
        Load,
        Discard,
        SwapOut,
        Fork,
        Scan,
    }

    private static readonly Gen<(Act Act, int Process, int Page, int Pages, PageContent Content, ulong Value)> _step = Gen.Select(
        Gen.Frequency(
            (2, Gen.Const(Act.Map)), (1, Gen.Const(Act.Unmap)), (8, Gen.Const(Act.Write)), (3, Gen.Const(Act.Load)),
            (2, Gen.Const(Act.Discard)), (3, Gen.Const(Act.SwapOut)), (1, Gen.Const(Act.Fork)), (3, Gen.Const(Act.Scan))),
        Gen.Int[0, 2],
        Gen.Int[0, AddressSpacePages - 1],
        Gen.Int[1, 8],
        Gen.OneOf(PageContent.Zero, PageContent.Repeated, PageContent.Data),
        Gen.ULong[1, 2]);

    [Fact]
    public void ReplayedRowsGiveWhatTheProcessesHold() => _step.List[0, 80].Sample(steps =>
    {
        var rows = new RecordedRows();
        var processes = new List<SimulatedProcess> { new(new RecordedProcess(1, writesSwapOuts: true)) };
        var time = 0UL;
        foreach (var (act, which, page, pages, content, value) in steps)
        {
            var process = processes[which % processes.Count];
            switch (act)
            {
                case Act.Fork when processes.Count < 3:
                    // As in a session: the parent is scanned, then its fork is written, then the child is scanned.
                    process.Scan(++time, rows);
                    var child = process.Recorded.Fork((uint)processes.Count + 1, OperationKind.Write, time, rows.Append);
                    processes.Add(new SimulatedProcess(child, process));
                    break;
                case Act.Scan:
                    time++;
                    foreach (var scanned in processes)
                        scanned.Scan(time, rows);
                    break;
                default:
                    process.Do(act, page, pages, content, value);
                    break;
            }
        }

        time++;
        foreach (var process in processes)
        {
            process.Scan(time, rows);
            process.CompareWith(rows);
            var before = rows.Rows.Count;
            process.Scan(time, rows);
            Assert.Equal(before, rows.Rows.Count);
        }
    });

    [Fact]
    public void NeighboursWithTheSameContentAreOneRow()
    {
        var rows = new RecordedRows();
        var process = new RecordedProcess(1, writesSwapOuts: true);
        process.Map([new PageRange(10, 20)], 0, rows.Append);
        foreach (var (page, content, value) in new[] { (10UL, PageContent.Data, 1UL), (11UL, PageContent.Data, 2UL), (12UL, PageContent.Repeated, 5UL), (13UL, PageContent.Repeated, 5UL), (14UL, PageContent.Repeated, 6UL), (16UL, PageContent.Zero, 0UL) })
            process.See(page, new PageSighting(Presence.Mapped, content, value));
        process.EndScan(3, rows.Append);

        Assert.Equal(
            [
                (OperationKind.Map, 0UL, 10u, PageContent.Unknown, 0UL),
                (OperationKind.Write, 0UL, 2u, PageContent.Data, 0UL),
                (OperationKind.Write, 2UL, 2u, PageContent.Repeated, 5UL),
                (OperationKind.Write, 4UL, 1u, PageContent.Repeated, 6UL),
                (OperationKind.Write, 6UL, 1u, PageContent.Zero, 0UL),
            ],
            RecordedRows.Within(rows.Rows, new PageRange(10, 20)));
    }

    [Fact]
    public void VmasThatSplitMergeAndGrow_GiveRowsForTheDifferenceOnly()
    {
        var rows = new RecordedRows();
        var process = new RecordedProcess(1, writesSwapOuts: true);
        process.Map([new PageRange(10, 20), new PageRange(20, 30)], 0, rows.Append);
        process.Map([new PageRange(10, 15), new PageRange(15, 30)], 1, rows.Append);
        process.Map([new PageRange(8, 28), new PageRange(40, 42)], 2, rows.Append);

        Assert.Equal(
            [(OperationKind.Map, 10UL, 10u), (OperationKind.Map, 20UL, 10u), (OperationKind.Unmap, 28UL, 2u), (OperationKind.Map, 8UL, 2u), (OperationKind.Map, 40UL, 2u)],
            rows.Rows.Select(row => (row.Operation.Kind, row.Operation.Page, row.Operation.Pages)));
    }

    [Fact]
    public void AnotherProgramTakesNothingOver()
    {
        var rows = new RecordedRows();
        var process = new RecordedProcess(1, writesSwapOuts: true);
        process.Map([new PageRange(10, 20)], 0, rows.Append);
        process.See(12, new PageSighting(Presence.Mapped, PageContent.Data, 1));
        process.EndScan(0, rows.Append);
        process.Exec(1, rows.Append);
        process.Map([new PageRange(10, 20)], 1, rows.Append);
        process.See(12, new PageSighting(Presence.Mapped, PageContent.Data, 1));
        process.EndScan(1, rows.Append);

        Assert.Equal(
            [OperationKind.Map, OperationKind.Write, OperationKind.Unmap, OperationKind.Map, OperationKind.Write],
            rows.Rows.Select(row => row.Operation.Kind));
    }

    [Fact]
    public void PageOutByTheRecorderItself_IsNotWritten()
    {
        var rows = new RecordedRows();
        var process = new RecordedProcess(1, writesSwapOuts: false);
        process.Map([new PageRange(10, 20)], 0, rows.Append);
        process.See(12, new PageSighting(Presence.Mapped, PageContent.Data, 1));
        process.See(12, new PageSighting(Presence.SwappedOut));
        process.EndScan(0, rows.Append);

        Assert.Equal([OperationKind.Map, OperationKind.Write], rows.Rows.Select(row => row.Operation.Kind));
    }

    /// <summary>Memory as a kernel keeps it, page by page.</summary>
    private sealed class SimulatedProcess(RecordedProcess recorded)
    {
        private readonly SortedSet<ulong> _mapped = [];
        private readonly Dictionary<ulong, PageSighting> _pages = [];

        public SimulatedProcess(RecordedProcess recorded, SimulatedProcess parent)
            : this(recorded)
        {
            _mapped.UnionWith(parent._mapped);
            foreach (var (page, held) in parent._pages)
                _pages[page] = held;
            foreach (var (page, content) in parent._contents)
                _contents[page] = content;
        }

        // What pages hold wherever they are: a page in swap shows no content to a scan.
        private readonly Dictionary<ulong, (PageContent Content, ulong Value)> _contents = [];

        public RecordedProcess Recorded { get; } = recorded;

        public void Do(Act act, int first, int pages, PageContent content, ulong value)
        {
            for (var page = (ulong)first; page < (ulong)Math.Min(first + pages, AddressSpacePages); page++)
            {
                if (act == Act.Map)
                    _ = _mapped.Add(page);
                if (act == Act.Unmap)
                    _ = _mapped.Remove(page);
                if (!_mapped.Contains(page) || act == Act.Discard)
                {
                    _ = _pages.Remove(page);
                    _ = _contents.Remove(page);
                }
                else if (act == Act.Write)
                {
                    _contents[page] = (content, content == PageContent.Zero ? 0 : value);
                    MapIn(page);
                }
                else if (act == Act.Load && _contents.ContainsKey(page))
                {
                    MapIn(page);
                }
                else if (act == Act.Load)
                {
                    _pages[page] = new PageSighting(Presence.ZeroPage);
                }
                else if (act == Act.SwapOut && _contents.ContainsKey(page))
                {
                    _pages[page] = new PageSighting(Presence.SwappedOut);
                }
            }
        }

        public void Scan(ulong time, RecordedRows rows)
        {
            var mapped = Ranges();
            Recorded.Map(mapped, time, rows.Append);
            foreach (var range in mapped)
            {
                var next = range.Start;
                foreach (var page in _pages.Keys.Where(page => page >= range.Start && page < range.End).Order())
                {
                    Recorded.SeeNothing(new PageRange(next, page));
                    var seen = _pages[page];
                    Recorded.See(page, in seen);
                    next = page + 1;
                }

                Recorded.SeeNothing(new PageRange(next, range.End));
            }

            Recorded.EndScan(time, rows.Append);
        }

        public void CompareWith(RecordedRows rows)
        {
            var held = rows.Of(Recorded.Number);
            Assert.Equal(_pages.Keys.Order(), held.Keys);
            foreach (var (page, seen) in _pages)
            {
                if (seen.Presence == Presence.ZeroPage)
                    Assert.Equal(RecordedRows.ZeroPage, held[page]);
                else if (seen.Presence == Presence.Mapped)
                    Assert.Equal((seen.Content, seen.Content == PageContent.Repeated ? seen.Value : 0), held[page]);
            }
        }

        private void MapIn(ulong page)
        {
            var (content, value) = _contents[page];
            _pages[page] = new PageSighting(Presence.Mapped, content, value);
        }

        private List<PageRange> Ranges()
        {
            var ranges = new List<PageRange>();
            foreach (var page in _mapped)
            {
                // Cut at random places too, as if VMAs met there.
                if (ranges.Count > 0 && ranges[^1].End == page && page % 5 != 0)
                    ranges[^1] = ranges[^1] with { End = page + 1 };
                else
                    ranges.Add(new PageRange(page, page + 1));
            }

            return ranges;
        }
    }
}
