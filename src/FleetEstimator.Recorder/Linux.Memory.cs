using System.Runtime.InteropServices;

namespace FleetEstimator.Recorder;

/// <content>Memory, swap and waiting: what calibration needs.</content>
internal static unsafe partial class Linux
{
    internal const int ReadWrite = 2;
    internal const int Direct = 0x4000;

    internal const int ProtectReadWrite = 3;
    internal const int MapPrivate = 2;
    internal const int MapShared = 1;
    internal const int MapAnonymous = 0x20;
    internal const int MapFixedNoReplace = 0x100000;

    // include/uapi/asm-generic/mman-common.h
    internal const int AdviceDontNeed = 4;
    internal const int AdviceFree = 8;
    internal const int AdviceHugePage = 14;
    internal const int AdviceNoHugePage = 15;
    internal const int AdviceCold = 20;
    internal const int AdvicePageOut = 21;

    internal const int SwapPrefer = 0x8000;
    internal const int SwapPriorityMax = 0x7fff;

    internal const int OfThisThread = 1;
    internal const int ThreadCpuClock = 3;

    /// <summary>struct timespec of 64-bit Linux.</summary>
    internal struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>Numbers of two system calls that libc does not offer as they are.</summary>
    internal static (int Clone, int Futex) NumbersOfCloneAndFutex => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (56, 202),
        Architecture.Arm64 => (220, 98),
        var other => throw new PlatformNotSupportedException($"Scenarios run on x86-64 and arm64, not on {other}."),
    };

    /// <summary>struct rusage of 64-bit Linux.</summary>
    internal struct ResourceUsage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;
        public fixed long MemoryFields[4];
        public long MinorFaults;
        public long MajorFaults;
        public fixed long OtherFields[8];
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial byte* Map(void* address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    internal static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "getrusage", SetLastError = true)]
    internal static partial int GetUsage(int who, ResourceUsage* usage);

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    internal static partial int GetTime(int clock, TimeSpecification* time);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint WriteAt(int descriptor, void* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int SetLength(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    internal static partial int SetAffinity(int pid, nuint bytes, ulong* cpus);

    /// <summary>Waits while a word that processes share holds a value, at most for a time.</summary>
    internal static void WaitWhile(int* word, int value, TimeSpecification* patience) => _ = SystemCall(NumbersOfCloneAndFutex.Futex, (nint)word, 0, value, (nint)patience, 0);

    /// <summary>Wakes one waiter of a word that processes share.</summary>
    internal static void Wake(int* word) => _ = SystemCall(NumbersOfCloneAndFutex.Futex, (nint)word, 1, 1, 0, 0);

    /// <summary>Waits until a child has ended and takes its exit status.</summary>
    internal static void AwaitExit(int pid)
    {
        int status;
        _ = WaitForProcess(pid, &status, 0);
    }

    [LibraryImport("libc", EntryPoint = "swapon", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SwapOn(string path, int flags);

    [LibraryImport("libc", EntryPoint = "swapoff", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SwapOff(string path);
}
