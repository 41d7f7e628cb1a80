using System.ComponentModel;
using System.Runtime.InteropServices;

namespace FleetEstimator.Recorder;

/// <summary>The Linux calls the recorder makes. Every one returns −1 and sets errno on failure unless said otherwise.</summary>
internal static unsafe partial class Linux
{
    internal const int OutOfMemory = 12;
    internal const int NoEntry = 2;
    internal const int NoSuchProcess = 3;
    internal const int Interrupted = 4;
    internal const int InputOutput = 5;
    internal const int BadAddress = 14;
    internal const int Busy = 16;
    internal const int PermissionDenied = 13;
    internal const int NotPermitted = 1;
    internal const int InvalidArgument = 22;
    internal const int NotTypewriter = 25;
    internal const int NotSupported = 95;

    internal const int ReadOnly = 0;
    internal const int WriteOnly = 1;
    internal const int CloseOnExec = 0x80000;

    internal const int SigKill = 9;
    internal const int SigTerm = 15;

    /// <summary>Most vectors one call takes (UIO_MAXIOV in include/uapi/linux/uio.h).</summary>
    internal const int MaxVectors = 1024;

    private const int WaitNoHang = 1;
    private const int SetChildSubreaper = 36;
    private const int CompareAddressSpaces = 1;

    // The same on every architecture since Linux 5.1 unified new numbers; kcmp is older.
    private const int PidfdOpenNumber = 434;
    private const int ProcessMadviseNumber = 440;

    /// <summary>struct iovec.</summary>
    internal struct IoVector
    {
        public nuint Address;
        public nuint Length;
    }

    /// <summary>errno of the last call on this thread.</summary>
    internal static int Errno => Marshal.GetLastPInvokeError();

    /// <summary>The kernel's text for an errno.</summary>
    internal static string Describe(int errno) => new Win32Exception(errno).Message;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static partial nint ReadAt(int descriptor, void* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoControl(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    /// <summary>A descriptor that names the process itself, immune to the reuse of its pid.</summary>
    internal static int PidfdOpen(int pid) => (int)SystemCall(PidfdOpenNumber, pid, 0, 0, 0, 0);

    /// <summary>Advises ranges of another process; returns the bytes advised, which end before the first range that was refused.</summary>
    internal static nint ProcessMadvise(int pidfd, IoVector* ranges, int count, int advice) =>
        SystemCall(ProcessMadviseNumber, pidfd, (nint)ranges, count, advice, 0);

    /// <summary>Whether two processes run in one address space (between vfork and exec they do). False where the kernel cannot tell.</summary>
    internal static bool ShareAddressSpace(int pid, int other)
    {
        var number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 312,
            Architecture.Arm64 => 272,
            _ => -1,
        };
        return number > 0 && SystemCall(number, pid, other, CompareAddressSpaces, 0, 0) == 0;
    }

    /// <summary>A number nobody can guess, from the kernel: .NET's own generator loads OpenSSL, which a machine may lack.</summary>
    internal static long RandomNumber()
    {
        long number = 0;
        for (nint got = 0; got != sizeof(long);)
            got = GetRandom(&number, sizeof(long), 0);
        return number;
    }

    /// <summary>Makes orphaned descendants of this process its children, or stops doing so.</summary>
    internal static void AdoptOrphans(bool adopt)
    {
        if (ProcessControl(SetChildSubreaper, adopt ? 1u : 0u, 0, 0, 0) != 0)
            throw new Win32Exception(Errno, $"prctl(PR_SET_CHILD_SUBREAPER) failed: {Describe(Errno)}");
    }

    /// <summary>Takes the exit status of a child that has ended; null while it runs or when it is not a child of this process.</summary>
    internal static int? TakeExitStatus(int pid)
    {
        int status;
        return WaitForProcess(pid, &status, WaitNoHang) == pid ? status : null;
    }

    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static partial nint GetRandom(void* buffer, nuint count, uint flags);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitForProcess(int pid, int* status, int options);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nuint first, nuint second, nuint third, nuint fourth);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth);
}
