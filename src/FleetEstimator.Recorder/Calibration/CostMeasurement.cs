using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>
/// Times steps of paging on memory of its own, every step once a pass. CPU time of this thread, which other work of the machine disturbs
/// less than the time that passes; all steps but direct I/O are synchronous.
/// </summary>
internal sealed unsafe class CostMeasurement : IDisposable
{
    private const int PageBytes = 4096;
    private const int PagesPerHugePage = 512;
    private const int MaxDirectReads = 1024;

    // Almost all pages must have gone the way that is timed; a few may be held by someone else for a moment.
    private const double ShareThatMustMove = 0.98;

    private readonly Dictionary<PageStep, List<double>> _passes = [];
    private readonly int _pages;
    private readonly nuint _bytes;
    private readonly byte* _mapping;
    private readonly byte* _memory;
    private ulong _random = 0x9E3779B97F4A7C15;

    /// <param name="pages">Pages to time each step over, a multiple of 512.</param>
    internal CostMeasurement(int pages)
    {
        (_pages, _bytes) = (pages, (nuint)pages * PageBytes);
        _mapping = Linux.Map(null, _bytes + PagesPerHugePage * PageBytes, Linux.ProtectReadWrite, Linux.MapPrivate | Linux.MapAnonymous, -1, 0);
        if ((nint)_mapping == -1)
            throw new CalibrationException($"{_bytes >> 20} MiB of memory cannot be mapped: {Linux.Describe(Linux.Errno)}. Give fewer --pages.");
        const nuint hugePage = PagesPerHugePage * PageBytes;
        _memory = (byte*)(((nuint)_mapping + hugePage - 1) & ~(hugePage - 1));
    }

    /// <summary>What was timed.</summary>
    internal IReadOnlyDictionary<PageStep, StepTiming> Timings => _passes.ToDictionary(step => step.Key, step => StepTiming.Of(step.Value));

    /// <summary>Faults, copies, reclaim without swap, checks.</summary>
    internal void TimeMemory(bool hugePages)
    {
        Begin(Linux.AdviceNoHugePage);
        Time(PageStep.FirstLoad, Load);
        Time(PageStep.ZeroPageStore, Store);
        Begin(Linux.AdviceNoHugePage);
        Time(PageStep.FirstStore, Store);
        Time(PageStep.CheckZeros, CheckZeros);
        Time(PageStep.CheckData, CheckData);
        Time(PageStep.Cold, () => Advise(Linux.AdviceCold));
        Store();
        Time(PageStep.DontNeed, () => Advise(Linux.AdviceDontNeed));
        Store();
        Advise(Linux.AdviceFree);
        Time(PageStep.LazilyFreedOut, () => Advise(Linux.AdvicePageOut));
        TimeFilePages();
        if (!hugePages)
            return;
        Begin(Linux.AdviceHugePage);
        var faults = Faults();
        Time(PageStep.HugeFirstStore, Store);
        // Without huge pages to be had, this was something else.
        if (Faults().Minor - faults.Minor > _pages / PagesPerHugePage * 2)
            _passes.Remove(PageStep.HugeFirstStore);
        Begin(Linux.AdviceNoHugePage);
    }

    /// <summary>Page-out and swap-in of zeros, which the zeromap keeps from any device.</summary>
    internal void TimeZeros()
    {
        Fill(0, 0);
        TimeSwap(PageStep.ZerosOut, PageStep.ZerosIn);
    }

    /// <summary>Page-out to a synchronous device and swap-in of what is not zeros.</summary>
    internal void TimeData()
    {
        Fill(0x5A5A5A5A, 0x5A5A5A5A);
        TimeSwap(PageStep.RepeatedOut, PageStep.RepeatedIn);
        Fill(null, 0);
        TimeSwap(PageStep.HalfOut, PageStep.HalfIn);
        Fill(null, null);
        TimeSwap(PageStep.RandomOut, PageStep.RandomIn);
    }

    /// <summary>The same for zswap, which takes compressible pages.</summary>
    internal void TimeZswap()
    {
        Fill(null, 0);
        TimeSwap(PageStep.ZswapOut, PageStep.ZswapIn);
    }

    /// <summary>Direct writes and reads of single pages of a file.</summary>
    /// <param name="path">A file that is made; the caller deletes it.</param>
    /// <exception cref="CalibrationException">The file system cannot do direct I/O, or is full.</exception>
    internal void TimeDirectIo(string path)
    {
        var file = Linux.Open(path, Linux.ReadWrite | Linux.Direct | Linux.CloseOnExec);
        if (file < 0)
            throw new CalibrationException($"{path} cannot be opened for direct I/O: {Linux.Describe(Linux.Errno)}. Use a folder on a disk with --folder.");
        try
        {
            Fill(null, null);
            TimeIo(_pages, page => Linux.WriteAt(file, _memory + (nuint)page * PageBytes, PageBytes, (long)page * PageBytes), PageStep.DirectWriteCpu, null);
            var reads = Math.Min(_pages, MaxDirectReads);
            TimeIo(reads, _ => Linux.ReadAt(file, _memory, PageBytes, (long)(Random() % (ulong)_pages) * PageBytes), PageStep.DirectReadCpu, PageStep.DirectRead);
        }
        finally
        {
            _ = Linux.Close(file);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _ = Linux.Unmap(_mapping, _bytes + PagesPerHugePage * PageBytes);

    private static (long Minor, long Major) Faults()
    {
        Linux.ResourceUsage usage;
        _ = Linux.GetUsage(Linux.OfThisThread, &usage);
        return (usage.MinorFaults, usage.MajorFaults);
    }

    private static double CpuNanoseconds()
    {
        Linux.TimeSpecification time;
        _ = Linux.GetTime(Linux.ThreadCpuClock, &time);
        return time.Seconds * 1e9 + time.Nanoseconds;
    }

    private static long SwappedOut() => File.ReadLines("/proc/vmstat")
        .Where(line => line.StartsWith("pswpout ", StringComparison.Ordinal) || line.StartsWith("swpout_zero ", StringComparison.Ordinal) || line.StartsWith("zswpout ", StringComparison.Ordinal))
        .Sum(line => long.Parse(line.AsSpan(line.IndexOf(' ', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture));

    private void TimeIo(int count, Func<int, nint> transfer, PageStep cpuStep, PageStep? waitStep)
    {
        var (time, cpu) = (Stopwatch.GetTimestamp(), CpuNanoseconds());
        for (var page = 0; page < count; page++)
        {
            if (transfer(page) != PageBytes)
                throw new CalibrationException($"Direct I/O failed: {Linux.Describe(Linux.Errno)}. Make room, or use another --folder.");
        }

        Note(cpuStep, (CpuNanoseconds() - cpu) / count);
        if (waitStep is { } step)
            Note(step, Stopwatch.GetElapsedTime(time).TotalNanoseconds / count);
    }

    private void TimeSwap(PageStep outward, PageStep inward)
    {
        var before = SwappedOut();
        Time(outward, () => Advise(Linux.AdvicePageOut));
        if (SwappedOut() - before < _pages * ShareThatMustMove)
            throw new CalibrationException($"Of {_pages} pages only {SwappedOut() - before} were paged out. The swap area is full, or this kernel has swap switched off for this process's cgroup.");
        var faults = Faults().Major;
        Time(inward, Load);
        if (Faults().Major - faults < _pages * ShareThatMustMove)
            throw new CalibrationException($"Of {_pages} pages only {Faults().Major - faults} were swapped in by a fault of their own: swap is asynchronous or reads ahead. Use --device zram.");
    }

    private void TimeFilePages()
    {
        var file = Linux.MemoryFile("fleet-estimator", 0);
        if (file < 0 || Linux.SetLength(file, (long)_bytes) != 0)
            throw new CalibrationException($"A file in memory cannot be made: {Linux.Describe(Linux.Errno)}.");
        var shared = Linux.Map(null, _bytes, Linux.ProtectReadWrite, Linux.MapShared, file, 0);
        var copy = Linux.Map(null, _bytes, Linux.ProtectReadWrite, Linux.MapPrivate, file, 0);
        if ((nint)shared == -1 || (nint)copy == -1)
            throw new CalibrationException($"A file in memory cannot be mapped: {Linux.Describe(Linux.Errno)}. Give fewer --pages.");
        NativeMemory.Fill(shared, _bytes, 1);
        LoadAll(copy, _bytes);
        Time(PageStep.FilePageStore, () => StoreAll(copy, _bytes));
        _ = Linux.Unmap(shared, _bytes);
        _ = Linux.Unmap(copy, _bytes);
        _ = Linux.Close(file);
    }

    private void Begin(int hugeAdvice)
    {
        Advise(Linux.AdviceDontNeed);
        Advise(hugeAdvice);
    }

    private void Time(PageStep step, Action work)
    {
        var cpu = CpuNanoseconds();
        work();
        Note(step, (CpuNanoseconds() - cpu) / _pages);
    }

    private void Note(PageStep step, double nanoseconds) => (CollectionsMarshal.GetValueRefOrAddDefault(_passes, step, out _) ??= []).Add(nanoseconds);

    private void Advise(int advice)
    {
        if (Linux.Advise(_memory, _bytes, advice) != 0)
            throw new CalibrationException($"madvise {advice} failed: {Linux.Describe(Linux.Errno)}. Linux 5.4 or later is needed.");
    }

    private void Load() => LoadAll(_memory, _bytes);

    private void Store() => StoreAll(_memory, _bytes);

    private static void LoadAll(byte* memory, nuint bytes)
    {
        for (nuint at = 0; at < bytes; at += PageBytes)
            _ = Volatile.Read(ref memory[at]);
    }

    private static void StoreAll(byte* memory, nuint bytes)
    {
        for (nuint at = 0; at < bytes; at += PageBytes)
            Volatile.Write(ref memory[at], 0);
    }

    // Word by word, as the kernel's check (mm/page_io.c, is_folio_zero_filled).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CheckZeros()
    {
        for (nuint at = 0; at < _bytes; at += PageBytes)
        {
            var words = (ulong*)(_memory + at);
            for (var word = 0; word < PageBytes / sizeof(ulong); word++)
            {
                if (words[word] != 0)
                    return;
            }
        }
    }

    private void CheckData()
    {
        for (nuint at = PageBytes - sizeof(ulong); at < _bytes; at += PageBytes)
            _ = Volatile.Read(ref *(ulong*)(_memory + at));
    }

    /// <summary>Fills the first and the second half of every page with a word, or with random ones.</summary>
    private void Fill(ulong? firstHalf, ulong? secondHalf)
    {
        const int wordsPerPage = PageBytes / sizeof(ulong);
        var words = (ulong*)_memory;
        for (nuint word = 0; word < _bytes / sizeof(ulong); word++)
            words[word] = (word % wordsPerPage < wordsPerPage / 2 ? firstHalf : secondHalf) ?? Random();
    }

    private ulong Random()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        return _random ^= _random << 17;
    }
}
