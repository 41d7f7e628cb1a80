using System.Runtime.InteropServices;
using FleetEstimator.Recorder;

namespace FleetEstimator.Tests.Recorder;

/// <summary>Private anonymous memory of the test process, in a VMA of its own: reservations on both sides keep the kernel from merging it with others.</summary>
internal sealed unsafe partial class OwnMemory : IDisposable
{
    public const int DontNeed = 4;
    public const int HugePage = 14;
    public const int NoHugePage = 15;
    public const int PageOut = 21;

    public const int NoAccess = 0;
    public const int ReadWrite = 3;

    private const int MapPrivateAnonymous = 0x22;

    private readonly nint _reservation;
    private readonly nint _start;

    public OwnMemory(int pages, int alignmentPages = 1)
    {
        Pages = pages;
        var pageSize = Environment.SystemPageSize;
        _reservation = MapMemory(0, (nuint)ReservedBytes(alignmentPages), NoAccess, MapPrivateAnonymous, -1, 0);
        if (_reservation == -1)
            throw new InvalidOperationException(Linux.Describe(Marshal.GetLastPInvokeError()));
        var alignment = (nint)alignmentPages * pageSize;
        _start = (_reservation + pageSize + alignment - 1) / alignment * alignment;
        AlignmentPages = alignmentPages;
        Protect(0, pages, ReadWrite);
        if (alignmentPages == 1)
            Advise(0, pages, NoHugePage);
    }

    public int Pages { get; }

    public PageRange Range => new((ulong)_start / (ulong)Environment.SystemPageSize, ((ulong)_start / (ulong)Environment.SystemPageSize) + (ulong)Pages);

    private int AlignmentPages { get; }

    public Span<byte> Page(int index) => new((byte*)_start + ((nint)index * Environment.SystemPageSize), Environment.SystemPageSize);

    public void Fill(int index, ulong word) => MemoryMarshal.Cast<byte, ulong>(Page(index)).Fill(word);

    /// <summary>Loads one byte; on a page never touched this maps the zero page.</summary>
    public byte Touch(int index) => Volatile.Read(ref Page(index)[17]);

    public void Advise(int first, int pages, int advice) =>
        Check(AdviseMemory(_start + ((nint)first * Environment.SystemPageSize), (nuint)pages * (nuint)Environment.SystemPageSize, advice));

    public void Protect(int first, int pages, int protection) =>
        Check(ProtectMemory(_start + ((nint)first * Environment.SystemPageSize), (nuint)pages * (nuint)Environment.SystemPageSize, protection));

    public void Lock(int first, int pages) =>
        Check(LockMemory(_start + ((nint)first * Environment.SystemPageSize), (nuint)pages * (nuint)Environment.SystemPageSize));

    public List<PageRun> Look()
    {
        using var pageMap = PageMaps.Open(Environment.ProcessId)!;
        return Look(pageMap);
    }

    public List<PageRun> Look(PageMap pageMap)
    {
        var (all, runs) = (new List<PageRun>(), new List<PageRun>());
        for (var next = Range.Start; next < Range.End;)
        {
            next = pageMap.Find(Range with { Start = next }, 512, runs);
            all.AddRange(runs);
        }

        return all;
    }

    public void Dispose() => Check(UnmapMemory(_reservation, (nuint)ReservedBytes(AlignmentPages)));

    private long ReservedBytes(int alignmentPages) => (long)(Pages + 2 + alignmentPages) * Environment.SystemPageSize;

    private static void Check(int result)
    {
        if (result != 0)
            throw new InvalidOperationException(Linux.Describe(Marshal.GetLastPInvokeError()));
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MapMemory(nint address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int UnmapMemory(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int ProtectMemory(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "mlock", SetLastError = true)]
    private static partial int LockMemory(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int AdviseMemory(nint address, nuint length, int advice);
}
