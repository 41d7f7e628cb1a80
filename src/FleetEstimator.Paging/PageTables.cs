using System.Runtime.CompilerServices;

namespace FleetEstimator.Paging;

/// <summary>One process: its VMAs and where its page tables lie.</summary>
internal sealed class Process(uint number, ForkFamily family)
{
    public uint Number { get; } = number;

    /// <summary>All processes that may share frames and slots with this one: those forked, directly or not, from one ancestor.</summary>
    public ForkFamily Family { get; } = family;

    public AddressSpace Space { get; } = new();

    /// <summary>Virtual page number / 512 → first index of the table.</summary>
    public PageDirectory Tables { get; } = new();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryIndex(ulong page, out int index)
    {
        var first = Tables.Find(page / PageTables.EntriesPerTable);
        index = first + (int)(page % PageTables.EntriesPerTable);
        return first >= 0;
    }
}

/// <summary>Processes descended from one ancestor by fork; a shared page has the same virtual page number in each of them.</summary>
internal sealed class ForkFamily
{
    public List<Process> Processes { get; } = [];

    /// <summary>The memory group that their frames are charged to.</summary>
    public int Group { get; init; }

    /// <summary>mm_forbids_zeropage: they must not map the shared zero page.</summary>
    public bool ForbidsZeroPage { get; init; }
}

/// <summary>
/// Where page table entries lie. VMAs and the layout of page tables follow from the workload alone, so they stand here once for all
/// kernels; what an entry says stands in each <see cref="Kernel"/>. A table is 512 consecutive indices, handed out at the first touch
/// of its 2 MiB range and taken back when no VMA is left there.
/// </summary>
internal sealed class PageTables
{
    public const int EntriesPerTable = 512;

    private readonly Dictionary<uint, Process> _processes = [];
    private readonly SortedSet<uint> _numbers = [];
    private readonly Dictionary<uint, (int Group, bool ForbidsZeroPage)> _assigned = [];
    private readonly Stack<int> _freeTables = new();
    private readonly List<(Process Process, ulong FirstPage)> _tables = [];
    private int _nextVma;
    private Process? _lastFound;

    /// <summary>Every table ever handed out holds indices below this.</summary>
    public int Capacity => _tables.Count * EntriesPerTable;

    public int VmaCapacity => _nextVma;

    /// <summary>How often processes have run: operations so far.</summary>
    public long ProcessesRan { get; set; }

    public Dictionary<uint, Process>.ValueCollection Processes => _processes.Values;

    public Process? Find(uint number)
    {
        var last = _lastFound;
        return last != null && last.Number == number ? last : _lastFound = _processes.GetValueOrDefault(number);
    }

    /// <summary>The process of the lowest number from <paramref name="number"/> on, or null.</summary>
    public Process? FindFrom(uint number)
    {
        if (Find(number) is { } process)
            return process;

        // 0 where there is none.
        var next = _numbers.GetViewBetween(number, uint.MaxValue).Min;
        return next > number ? Find(next) : null;
    }

    public Process FindOrAdd(uint number)
    {
        if (!_processes.TryGetValue(number, out var process))
            _processes.Add(number, process = Add(number, NewFamily(number)));
        return process;
    }

    /// <summary>Says what holds for processes numbered so, and for those they fork, once they come to be.</summary>
    public void Assign(uint number, int group, bool forbidsZeroPage) => _assigned[number] = (group, forbidsZeroPage);

    private ForkFamily NewFamily(uint number)
    {
        var (group, forbidsZeroPage) = _assigned.GetValueOrDefault(number);
        return new ForkFamily { Group = group, ForbidsZeroPage = forbidsZeroPage };
    }

    /// <summary>A process that another forks. One that has no memory may do so, and is not known for it: its number stays free.</summary>
    public Process AddForked(uint number, uint parent)
    {
        var child = Add(number, Find(parent)?.Family ?? NewFamily(parent));
        _processes.Add(number, child);
        return child;
    }

    public Vma Map(Process process, ulong start, ulong end) => process.Space.Map(start, end, _nextVma++);

    /// <summary>
    /// Changes what the VMAs of [start, end) are (mlock, madvise): those that differ from what is asked for are cut at its ends, and joined where they agree again. Calls
    /// <paramref name="parted"/> with the old and the new VMA of every cut, <paramref name="joined"/> with the one that stays and the one that goes.
    /// </summary>
    public void Change(
        Process process, ulong start, ulong end, Predicate<Vma> differs, Action<Vma> change, Action<Vma, Vma> parted, Action<Vma, Vma> joined)
    {
        foreach (var edge in (ReadOnlySpan<ulong>)[start, end])
        {
            if (process.Space.Find(edge) is { } area && differs(area))
                Cut(process, edge, parted);
        }

        foreach (var area in process.Space.AreasIn(start, end))
            change(area);
        process.Space.Join(start, end, joined);
    }

    private void Cut(Process process, ulong page, Action<Vma, Vma> parted)
    {
        if (process.Space.Split(page, _nextVma) is not var (left, right))
            return;
        _nextVma++;
        parted(left, right);
    }

    /// <summary>The run that begins at <paramref name="page"/> and ends with its VMA, its table or at <paramref name="end"/>. The table is created where missing.</summary>
    public Run RunAt(Process process, ulong page, ulong end)
    {
        var area = process.Space.Find(page) ?? throw new InvalidOperationException($"Page {page} of process {process.Number} is not mapped.");
        return new Run(area, page, IndexOf(process, page), (int)(StopOf(page, Math.Min(end, area.End)) - page));
    }

    /// <summary>
    /// Runs over what VMAs and existing tables hold of [start, end), in ascending order: where nothing was ever touched there is nothing to undo.
    /// </summary>
    public static TouchedRuns TouchedRuns(Process process, ulong start, ulong end) => new(process, start, end);

    internal static ulong StopOf(ulong page, ulong end) => Math.Min(end, (page / EntriesPerTable + 1) * EntriesPerTable);

    /// <summary>Cuts a VMA out of which [start, end) is about to be unmapped: what stays on either side goes its own ways from then on.</summary>
    public void CutForUnmap(Process process, ulong start, ulong end, Action<Vma, Vma> parted)
    {
        if (process.Space.Find(end) is { } area && area.Start < start)
            Cut(process, end, parted);
    }

    /// <summary>Removes [start, end) from the VMAs and gives back tables whose range no VMA holds any more. The kernels have zapped them before.</summary>
    public void Unmap(Process process, ulong start, ulong end, Action<int> freed)
    {
        process.Space.Unmap(start, end);
        for (var table = start / EntriesPerTable; table <= (end - 1) / EntriesPerTable; table++)
        {
            if (process.Tables.Find(table) is >= 0 and var first && !process.Space.Intersects(table * EntriesPerTable, (table + 1) * EntriesPerTable))
            {
                process.Tables.Remove(table);
                _freeTables.Push(first);
                freed(first);
            }
        }
    }

    /// <summary>Forgets a process whose tables have all been zapped.</summary>
    public void Remove(Process process, Action<int> freed)
    {
        foreach (var (_, first) in process.Tables)
        {
            _freeTables.Push(first);
            freed(first);
        }

        process.Family.Processes.Remove(process);
        _processes.Remove(process.Number);
        _numbers.Remove(process.Number);
        _lastFound = null;
    }

    /// <summary>Process and virtual page number of the entry at <paramref name="index"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (Process Process, ulong Page) Locate(int index)
    {
        var (process, firstPage) = _tables[index / EntriesPerTable];
        return (process, firstPage + (ulong)(index % EntriesPerTable));
    }

    /// <summary>The run of the one page whose entry stands at <paramref name="index"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Run RunOf(int index)
    {
        var (process, page) = Locate(index);
        var area = process.Space.Find(page) ?? throw new InvalidOperationException($"Page {page} of process {process.Number} is not mapped.");
        return new Run(area, page, index, 1);
    }

    /// <summary>The fork family that the entry at <paramref name="index"/> belongs to.</summary>
    public ForkFamily FamilyOf(int index) => _tables[index / EntriesPerTable].Process.Family;

    public int IndexOf(Process process, ulong page)
    {
        if (process.TryIndex(page, out var index))
            return index;
        var table = page / EntriesPerTable;
        if (!_freeTables.TryPop(out var first))
        {
            if (Capacity > int.MaxValue - EntriesPerTable)
                throw new NotSupportedException("A simulated node touches more than 8 TiB of memory; simulate smaller nodes or fewer instances.");
            first = Capacity;
            _tables.Add(default);
        }

        _tables[first / EntriesPerTable] = (process, table * EntriesPerTable);
        process.Tables.Add(table, first);
        return first + (int)(page % EntriesPerTable);
    }

    private Process Add(uint number, ForkFamily family)
    {
        _numbers.Add(number);
        var process = new Process(number, family);
        family.Processes.Add(process);
        return process;
    }
}

/// <summary>An enumeration of runs that needs no allocation: the runs of <see cref="PageTables.TouchedRuns"/>.</summary>
internal struct TouchedRuns(Process process, ulong start, ulong end)
{
    private AreaRange _areas = process.Space.AreasIn(start, end);
    private ulong _page;
    private ulong _areaEnd;

    public Run Current { get; private set; }

    public readonly TouchedRuns GetEnumerator() => this;

    public bool MoveNext()
    {
        while (true)
        {
            while (_page < _areaEnd)
            {
                var page = _page;
                _page = PageTables.StopOf(page, _areaEnd);
                if (process.TryIndex(page, out var index))
                {
                    Current = new Run(_areas.Current, page, index, (int)(_page - page));
                    return true;
                }
            }

            if (!_areas.MoveNext())
                return false;
            (_page, _areaEnd) = (Math.Max(start, _areas.Current.Start), Math.Min(end, _areas.Current.End));
        }
    }
}
