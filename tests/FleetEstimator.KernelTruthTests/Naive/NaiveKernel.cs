using FleetEstimator.Paging;

namespace FleetEstimator.KernelTruthTests.Naive;

/// <summary>
/// The paging model once more: one mechanism, page by page, with plain objects, and everything that can be counted from scratch counted so.
/// Slow and meant to be read beside the kernel's sources; it shares nothing with the fast core but its public input and output types.
/// </summary>
internal sealed partial class NaiveKernel
{
    private const int InvalidArgument = 22;
    private const int RepeatedWordBytes = 48;

    private readonly NodeSettings _settings;
    private readonly bool _accessesAreWrites;
    private readonly List<Process> _processes = [];
    private readonly HashSet<Slot> _slots = [];
    private readonly Dictionary<Slot, Folio> _swapCache = [];
    private readonly NaiveLru _lru;
    private readonly NaiveShrinker _shrinker;
    private Counters _counters;
    private int _mappings;
    private long _time;

    public NaiveKernel(Mechanism mechanism, NodeSettings settings, bool accessesAreWrites = false)
    {
        Mechanism = mechanism;
        _settings = settings;
        _accessesAreWrites = accessesAreWrites;
        _lru = new NaiveLru(this);
        _shrinker = new NaiveShrinker(this, settings);
    }

    public Mechanism Mechanism { get; }

    public Counters Counters => _counters;

    public IReadOnlyList<Process> Processes => _processes;

    public long LimitFrames { get; private set; }

    public NodeState State
    {
        get
        {
            var mapped = new HashSet<(Folio Folio, ulong Page)>();
            foreach (var process in _processes)
            {
                foreach (var (page, entry) in process.Entries)
                {
                    if (entry.Kind == EntryKind.Mapped)
                        mapped.Add((entry.Folio!, page));
                }
            }

            return new NodeState(
                mapped.Count,
                _swapCache.Values.Count(folio => !IsMapped(folio)),
                mapped.Count(page => page.Folio.ContentAt(page.Page) == Content.Zeros),
                _slots.Count,
                _slots.Count(HoldsMemory),
                _processes.Sum(process => process.Entries.Values.Count(entry => entry.Hidden)),
                PinnedUnmappedFrames: 0,
                _slots.Sum(ZswapBytes),
                mapped.GroupBy(page => page.Folio).Sum(folio => (long)folio.Key.Pages - folio.Count()));
        }
    }

    /// <summary>Frames charged to the memory cgroup.</summary>
    public long Frames => _lru.Frames;

    public long FreeSlots => _settings.SwapPages - _slots.Count;

    private bool IsSynchronous => _settings.SwapDevice != SwapDevice.Ssd;

    /// <summary>vm_swap_full.</summary>
    private bool SwapIsHalfFull => FreeSlots * 2 < _settings.SwapPages;

    /// <summary>shrink_slab after a pass of reclaim.</summary>
    public void ShrinkDeferredSplits(int priority) => _shrinker.Shrink(priority);

    public void AdvanceTo(long microseconds)
    {
        if (microseconds > _time)
            Settle();
        _time = microseconds;
    }

    public int Apply(in Operation operation)
    {
        var errno = Do(operation);
        _lru.ProcessesRan();
        return errno;
    }

    /// <summary>The page table of [page, page + pages) in the letters of kernel truth.</summary>
    public string PageTable(uint number, ulong page, int pages)
    {
        var process = Find(number);
        return string.Create(pages, this, (letters, naive) =>
        {
            for (var k = 0; k < letters.Length; k++)
                letters[k] = naive.Letter(process?.EntryOf(page + (ulong)k));
        });
    }

    private char Letter(Entry? entry) => entry switch
    {
        null => '.',
        { Kind: EntryKind.ZeroPage } => 'Z',
        { Kind: EntryKind.Mapped, Folio.IsLarge: true } => 'H',
        { Kind: EntryKind.Mapped, Folio.InSwapCache: true } => 'C',
        { Kind: EntryKind.Mapped } => 'P',
        _ => _swapCache.ContainsKey(entry.Slot!) ? 'c' : 'S',
    };

    private int Do(in Operation operation)
    {
        switch (operation.Kind)
        {
            case OperationKind.Map:
                Map(operation);
                break;
            case OperationKind.Unmap:
                Unmap(Existing(operation.Process), operation.Page, operation.Page + operation.Pages);
                break;
            case OperationKind.Fork:
                Fork(FindOrAdd(operation.Process), (uint)operation.Page);
                break;
            case OperationKind.Exit:
                Exit(operation.Process);
                break;
            case OperationKind.Limit:
                LimitFrames = operation.Pages;
                if (LimitFrames > 0)
                    _lru.ReclaimTo(LimitFrames);
                break;
            case OperationKind.Reclaim:
                _lru.ReclaimProactively(operation.Pages);
                break;
            case OperationKind.Settle:
                Settle();
                break;
            case OperationKind.Lock:
                Lock(operation);
                break;
            case OperationKind.Unlock:
                ChangeAreas(operation, area => area.Locked, (area, locked) => area.Locked = locked, false);
                break;
            case OperationKind.Huge:
                ChangeAreas(operation, area => area.Advice, (area, advice) => area.Advice = advice, HugeAdvice.Wanted);
                break;
            case OperationKind.NoHuge:
                ChangeAreas(operation, area => area.Advice, (area, advice) => area.Advice = advice, HugeAdvice.Never);
                break;
            case OperationKind.PageOut or OperationKind.Cold or OperationKind.LazyFree or OperationKind.Discard:
                return Advise(operation);
            case OperationKind.Read or OperationKind.Write or OperationKind.Access or OperationKind.Observe:
                for (var page = operation.Page; page < operation.Page + operation.Pages; page++)
                    Access(operation, Existing(operation.Process), page);
                break;
            case OperationKind.ObservedSwapOut:
                break;
            default:
                throw new NotSupportedException($"{operation.Kind}");
        }

        return 0;
    }

    private void Access(in Operation operation, Process process, ulong page)
    {
        var isKnown = operation.Content != PageContent.Unknown;
        var content = ContentOf(operation);
        switch (operation.Kind)
        {
            case OperationKind.Read:
                Read(process, page);
                break;
            case OperationKind.Write:
                Write(process, page, content);
                break;
            case OperationKind.Observe:
                Observe(process, page, content, isKnown);
                break;
            case OperationKind.Access when _accessesAreWrites:
                Write(process, page, isKnown ? content : null);
                break;
            default:
                Read(process, page);
                if (isKnown)
                    Observe(process, page, content, isKnown);
                break;
        }
    }

    private Content ContentOf(in Operation operation) => operation.Content switch
    {
        PageContent.Zero => Content.Zeros,
        PageContent.Repeated => Content.RepeatedWord,
        PageContent.Data when operation.CompressedBytes >= _settings.PageBytes => Content.Incompressible,
        _ => Content.Data,
    };

    /// <summary>madvise goes from VMA to VMA and ends with EINVAL at a locked one (can_madv_lru_vma, madvise_dontneed_free_valid_vma).</summary>
    private int Advise(in Operation operation)
    {
        var process = Existing(operation.Process);
        foreach (var area in process.Areas.ToList())
        {
            var (start, end) = (Math.Max(operation.Page, area.Start), Math.Min(operation.Page + operation.Pages, area.End));
            if (start >= end)
                continue;
            if (area.Locked)
                return InvalidArgument;
            switch (operation.Kind)
            {
                case OperationKind.PageOut:
                    PageOut(process, start, end);
                    break;
                case OperationKind.Cold:
                    Cold(process, start, end);
                    break;
                case OperationKind.LazyFree:
                    LazyFree(process, start, end);
                    break;
                default:
                    Zap(process, start, end);
                    break;
            }
        }

        return 0;
    }

    // ---- Processes and VMAs ----------------------------------------------------------------------------------------------------

    private Process? Find(uint number) => _processes.Find(process => process.Number == number);

    private Process Existing(uint number) => Find(number) ?? throw new InvalidOperationException($"Process {number} maps nothing.");

    private Process FindOrAdd(uint number)
    {
        if (Find(number) is not { } process)
            _processes.Add(process = new Process(number));
        return process;
    }

    private void Map(in Operation operation)
    {
        var process = FindOrAdd(operation.Process);
        process.Areas.Add(new Area(operation.Page, operation.Page + operation.Pages, _mappings++));
        process.Areas.Sort((left, right) => left.Start.CompareTo(right.Start));
    }

    /// <summary>do_vmi_align_munmap: cuts VMAs, zaps what lies between, then frees page tables that no VMA reaches into any more (free_pgtables).</summary>
    private void Unmap(Process process, ulong start, ulong end)
    {
        Cut(process, start);
        Cut(process, end);
        foreach (var area in process.Areas.Where(area => start <= area.Start && area.End <= end).ToList())
        {
            Zap(process, area.Start, area.End);
            process.Areas.Remove(area);
        }

        for (var table = Process.TableOf(start); table <= Process.TableOf(end - 1); table++)
        {
            if (process.Areas.Exists(area => Process.TableOf(area.Start) <= table && table <= Process.TableOf(area.End - 1)))
                continue;
            process.Tables.Remove(table);
            process.AccessedTables.Remove(table);
            _lru.ForgetTable(process, table);
        }
    }

    private void Exit(uint number)
    {
        if (Find(number) is not { } process)
            return;
        foreach (var area in process.Areas)
            Zap(process, area.Start, area.End);
        _processes.Remove(process);
        _lru.ForgetTables(process);
    }

    /// <summary>__split_vma; a huge mapping across the cut becomes small entries (vma_adjust_trans_huge).</summary>
    private static void Cut(Process process, ulong page)
    {
        var index = process.Areas.FindIndex(area => area.Start < page && page < area.End);
        if (index < 0)
            return;
        var left = process.Areas[index];
        process.Areas.Insert(index + 1, left.Copy(page, left.End, left.Mapping));
        left.End = page;
        if (page % Process.PagesPerTable != 0)
            process.PartHugeMapping(page);
    }

    /// <summary>
    /// mlock_fixup and madvise_update_vma: VMAs whose flags are as asked for are left alone, the others are cut at the ends of the range; then parts
    /// of one mapping that agree are joined (vma_modify_flags). Of two joined VMAs the left one's read-ahead state stays.
    /// </summary>
    private void ChangeAreas<T>(in Operation operation, Func<Area, T> get, Action<Area, T> set, T value)
    {
        var process = Existing(operation.Process);
        var (start, end) = (operation.Page, operation.Page + operation.Pages);
        foreach (var area in process.Areas.Where(area => area.Start < end && start < area.End && !Equals(get(area), value)).ToList())
        {
            var cutsEnd = end < area.End;
            if (area.Start < start)
                Cut(process, start);
            if (cutsEnd)
                Cut(process, end);
        }

        foreach (var area in process.Areas.Where(area => start <= area.Start && area.End <= end))
            set(area, value);
        Join(process, start, end);
    }

    private static void Join(Process process, ulong start, ulong end)
    {
        for (var index = 1; index < process.Areas.Count;)
        {
            var (left, right) = (process.Areas[index - 1], process.Areas[index]);
            var agree = left.End == right.Start && left.Mapping == right.Mapping && left.Locked == right.Locked && left.Advice == right.Advice;
            if (!agree || right.Start < start || right.Start > end)
            {
                index++;
                continue;
            }

            left.End = right.End;
            left.HasAnonVma |= right.HasAnonVma;
            process.Areas.RemoveAt(index);
        }
    }

    // ---- Counted from scratch --------------------------------------------------------------------------------------------------

    /// <summary>The reverse map: pages in order, processes in the order in which they came to be.</summary>
    public List<(Process Process, ulong Page, Entry Entry)> MappersOf(Folio folio)
    {
        var mappers = new List<(Process, ulong, Entry)>();
        for (var page = folio.FirstPage; page < folio.End; page++)
        {
            foreach (var process in _processes)
            {
                if (process.EntryOf(page) is { } entry && entry.Folio == folio)
                    mappers.Add((process, page, entry));
            }
        }

        return mappers;
    }

    /// <summary>The folio an entry maps, or that sits in the swap cache for it.</summary>
    public Folio? FolioOf(Entry? entry) => entry?.Folio ?? (entry?.Slot is { } slot ? _swapCache.GetValueOrDefault(slot) : null);

    public bool IsMapped(Folio folio) => MappersOf(folio).Count > 0;

    private int MapCount(Folio folio) => MappersOf(folio).Count;

    /// <summary>The swap map count: entries that name the slot.</summary>
    private int MapCount(Slot slot) => _processes.Count(process => process.EntryOf(slot.Page)?.Slot == slot);

    /// <summary>mlocked: a VMA that is locked maps it.</summary>
    private bool IsLocked(Folio folio) => MappersOf(folio).Exists(mapper => mapper.Process.AreaOf(mapper.Page).Locked);

    /// <summary>What zswap spends beside a copy: its entry, and on 6.12 the object that a repeated word compresses to; 6.1 keeps the word in the entry.</summary>
    private long ZswapBytes(Slot slot) =>
        slot.Place != SlotPlace.Zswap ? 0 : Mechanism.ZswapEntryBytes + (HoldsMemory(slot) || Mechanism.ZswapKeepsRepeatedWords ? 0 : RepeatedWordBytes);

    /// <summary>Whether zram or zswap spend memory on the slot's copy: pages of one repeated word take none.</summary>
    private bool HoldsMemory(Slot slot) =>
        (slot.Place == SlotPlace.Zswap || (slot.Place == SlotPlace.Device && _settings.SwapDevice == SwapDevice.Zram))
        && slot.Content is not (Content.Zeros or Content.RepeatedWord);
}
