using System.Runtime.InteropServices;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>
/// A process that does to its memory what the driver asks for, and can be forked like any other: once it serves, it makes system calls only,
/// from code that is compiled already and allocates nothing, so that it needs nothing of a runtime whose other threads a fork leaves behind.
/// </summary>
public static unsafe class ScenarioWorker
{
    private const int PageBytes = 4096;
    private const int WordsPerPage = PageBytes / sizeof(ulong);
    private const int FutexWait = 0;
    private const int FutexWake = 1;
    private const int CloneParent = 0x8000;
    private const int SigChild = 17;

    // Nowhere near a region of a scenario (64 GiB and up to 4,096 regions of 1 GiB).
    private const ulong WarmAddress = 8UL << 40;
    private const int WarmPages = 4;

    /// <summary>Serves a mailbox until it is told to exit, or the driver has ended.</summary>
    /// <param name="mailboxes">File that the driver shares.</param>
    /// <param name="driver">Pid of the driver, this process's parent.</param>
    public static int Run(string mailboxes, int driver)
    {
        var file = Linux.Open(mailboxes, Linux.ReadWrite | Linux.CloseOnExec);
        var shared = file < 0 ? null : Linux.Map(null, WorkerMailbox.Bytes * WorkerMailbox.Count, Linux.ProtectReadWrite, Linux.MapShared, file, 0);
        if (file < 0 || (nint)shared == -1)
            throw new CalibrationException($"{mailboxes} cannot be mapped: {Linux.Describe(Linux.Errno)}.");
        _ = Linux.Close(file);
        RunOnOneCpu();
        var calls = new Calls(driver);

        // Twice: the first time compiles.
        Warm(&calls);
        Warm(&calls);
        var box = (WorkerMailbox*)shared;
        box->Pid = calls.Pid();
        Answer(&calls, box);
        Serve(&calls, shared, box);
        return 0;
    }

    /// <summary>Frames wait in batches of each CPU, and a fault may come on any: on one CPU a scenario is repeatable.</summary>
    private static void RunOnOneCpu()
    {
        var cpus = stackalloc ulong[16];
        cpus[0] = 1;
        _ = Linux.SetAffinity(0, 128, cpus);
    }

    private static void Serve(Calls* calls, byte* shared, WorkerMailbox* box)
    {
        while (true)
        {
            Await(calls, box);
            box->Errno = 0;
            Linux.ResourceUsage before, after;
            switch (box->Command)
            {
                case WorkerCommand.Fork:
                    var childBox = (WorkerMailbox*)(shared + (long)box->Argument * WorkerMailbox.Bytes);
                    calls->Usage(&before);
                    var pid = calls->Fork();
                    if (pid == 0)
                    {
                        // The child's own mailbox from here on; what it is told first is to warm up.
                        box = childBox;
                        continue;
                    }

                    calls->Usage(&after);
                    box->Errno = pid < 0 ? calls->Errno() : 0;
                    box->Pid = pid;
                    break;
                case WorkerCommand.Exit:
                    calls->Exit(0);
                    return;
                case WorkerCommand.Warm:
                    Warm(calls);
                    Warm(calls);
                    before = after = default;
                    box->Pid = calls->Pid();
                    break;
                default:
                    calls->Usage(&before);
                    var failed = Do(calls, box);
                    calls->Usage(&after);
                    box->Errno = failed ? calls->Errno() : 0;
                    break;
            }

            box->MinorFaults = after.MinorFaults - before.MinorFaults;
            box->MajorFaults = after.MajorFaults - before.MajorFaults;
            Answer(calls, box);
        }
    }

    private static void Await(Calls* calls, WorkerMailbox* box)
    {
        var patience = new Linux.TimeSpecification { Nanoseconds = 500_000_000 };
        while (Volatile.Read(ref box->State) is var state && state != WorkerMailbox.Requested)
        {
            calls->Futex(&box->State, FutexWait, state, &patience);
            if (calls->IsOrphan())
                calls->Exit(1);
        }
    }

    private static void Answer(Calls* calls, WorkerMailbox* box)
    {
        Volatile.Write(ref box->State, WorkerMailbox.Done);
        calls->Futex(&box->State, FutexWake, 1, null);
    }

    /// <summary>Does a command that concerns memory only; true if it failed.</summary>
    private static bool Do(Calls* calls, WorkerMailbox* box)
    {
        var start = (byte*)box->Address;
        var end = start + box->Length;
        switch (box->Command)
        {
            case WorkerCommand.Map:
                return calls->Map(start, box->Length) != start;
            case WorkerCommand.Unmap:
                return calls->Unmap(start, box->Length) != 0;
            case WorkerCommand.Advise:
                return calls->Advise(start, box->Length, (int)box->Argument) != 0;
            case WorkerCommand.Lock:
                return calls->Lock(start, box->Length) != 0;
            case WorkerCommand.Unlock:
                return calls->Unlock(start, box->Length) != 0;
            case WorkerCommand.Residence:
                return calls->Residence(start, box->Length, box->Residence) != 0;
            case WorkerCommand.Read:
                for (var page = start; page < end; page += PageBytes)
                    _ = Volatile.Read(ref *page);
                return false;
            case WorkerCommand.Store:
                for (var page = start; page < end; page += PageBytes)
                    Volatile.Write(ref *page, (byte)box->Argument);
                return false;
            case WorkerCommand.WriteWord:
                for (var word = (ulong*)start; word < end; word++)
                    Volatile.Write(ref *word, box->Argument);
                return false;
            case WorkerCommand.WriteRandom:
                WriteRandom(start, end, WordsPerPage, box->Argument);
                return false;
            case WorkerCommand.WriteHalf:
                WriteRandom(start, end, WordsPerPage / 2, box->Argument);
                return false;
            default:
                return true;
        }
    }

    private static void WriteRandom(byte* start, byte* end, int randomWords, ulong seed)
    {
        var random = seed ^ 0x9E3779B97F4A7C15;
        for (var page = (ulong*)start; page < end; page += WordsPerPage)
        {
            for (var word = 0; word < WordsPerPage; word++)
            {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                Volatile.Write(ref page[word], word < randomWords ? random : 0);
            }
        }
    }

    private static void Warm(Calls* calls)
    {
        var box = new WorkerMailbox { Address = WarmAddress, Length = WarmPages * PageBytes };
        Linux.ResourceUsage usage;
        for (var command = WorkerCommand.Map; command < WorkerCommand.Fork; command++)
        {
            box.Argument = command == WorkerCommand.Advise ? Linux.AdviceDontNeed : 1ul;
            box.Command = command == WorkerCommand.Unmap ? WorkerCommand.Advise : command;
            calls->Usage(&usage);
            _ = Do(calls, &box);
            _ = calls->Errno();
        }

        box.Command = WorkerCommand.Unmap;
        _ = Do(calls, &box);
        var state = WorkerMailbox.Idle;
        var patience = default(Linux.TimeSpecification);
        calls->Futex(&state, FutexWait, WorkerMailbox.Requested, &patience);
        calls->Futex(&state, FutexWake, 1, null);
        _ = calls->IsOrphan();
    }

    /// <summary>libc functions, called without telling the runtime: neither stubs nor its bookkeeping are needed in a forked child.</summary>
    private readonly struct Calls
    {
        private readonly delegate* unmanaged[SuppressGCTransition]<nint, nint, nint, nint, nint, nint, nint, nint> _systemCall;
        private readonly delegate* unmanaged[SuppressGCTransition]<int> _parent;
        private readonly delegate* unmanaged[SuppressGCTransition]<int> _pid;
        private readonly delegate* unmanaged[SuppressGCTransition]<int, void> _exit;
        private readonly delegate* unmanaged[SuppressGCTransition]<int*> _errno;
        private readonly delegate* unmanaged[SuppressGCTransition]<int, Linux.ResourceUsage*, int> _usage;
        private readonly delegate* unmanaged[SuppressGCTransition]<void*, nuint, int, int, int, long, void*> _map;
        private readonly delegate* unmanaged[SuppressGCTransition]<void*, nuint, int> _unmap;
        private readonly delegate* unmanaged[SuppressGCTransition]<void*, nuint, int, int> _advise;
        private readonly delegate* unmanaged[SuppressGCTransition]<void*, nuint, int> _lock;
        private readonly delegate* unmanaged[SuppressGCTransition]<void*, nuint, int> _unlock;
        private readonly delegate* unmanaged[SuppressGCTransition]<void*, nuint, byte*, int> _residence;
        private readonly int _driver;
        private readonly int _cloneNumber;
        private readonly int _futexNumber;

        public Calls(int driver)
        {
            var libc = NativeLibrary.Load("libc", typeof(Linux).Assembly, null);
            _systemCall = (delegate* unmanaged[SuppressGCTransition]<nint, nint, nint, nint, nint, nint, nint, nint>)NativeLibrary.GetExport(libc, "syscall");
            _parent = (delegate* unmanaged[SuppressGCTransition]<int>)NativeLibrary.GetExport(libc, "getppid");
            _pid = (delegate* unmanaged[SuppressGCTransition]<int>)NativeLibrary.GetExport(libc, "getpid");
            _exit = (delegate* unmanaged[SuppressGCTransition]<int, void>)NativeLibrary.GetExport(libc, "_exit");
            _errno = (delegate* unmanaged[SuppressGCTransition]<int*>)NativeLibrary.GetExport(libc, "__errno_location");
            _usage = (delegate* unmanaged[SuppressGCTransition]<int, Linux.ResourceUsage*, int>)NativeLibrary.GetExport(libc, "getrusage");
            _map = (delegate* unmanaged[SuppressGCTransition]<void*, nuint, int, int, int, long, void*>)NativeLibrary.GetExport(libc, "mmap");
            _unmap = (delegate* unmanaged[SuppressGCTransition]<void*, nuint, int>)NativeLibrary.GetExport(libc, "munmap");
            _advise = (delegate* unmanaged[SuppressGCTransition]<void*, nuint, int, int>)NativeLibrary.GetExport(libc, "madvise");
            _lock = (delegate* unmanaged[SuppressGCTransition]<void*, nuint, int>)NativeLibrary.GetExport(libc, "mlock");
            _unlock = (delegate* unmanaged[SuppressGCTransition]<void*, nuint, int>)NativeLibrary.GetExport(libc, "munlock");
            _residence = (delegate* unmanaged[SuppressGCTransition]<void*, nuint, byte*, int>)NativeLibrary.GetExport(libc, "mincore");
            _driver = driver;
            (_cloneNumber, _futexNumber) = Linux.NumbersOfCloneAndFutex;
        }

        public int Pid() => _pid();

        public bool IsOrphan() => _parent() != _driver;

        public void Exit(int code) => _exit(code);

        public int Errno() => *_errno();

        public void Usage(Linux.ResourceUsage* usage) => _ = _usage(Linux.OfThisThread, usage);

        public byte* Map(byte* start, ulong bytes) =>
            (byte*)_map(start, (nuint)bytes, Linux.ProtectReadWrite, Linux.MapPrivate | Linux.MapAnonymous | Linux.MapFixedNoReplace, -1, 0);

        public int Unmap(byte* start, ulong bytes) => _unmap(start, (nuint)bytes);

        public int Advise(byte* start, ulong bytes, int advice) => _advise(start, (nuint)bytes, advice);

        public int Lock(byte* start, ulong bytes) => _lock(start, (nuint)bytes);

        public int Unlock(byte* start, ulong bytes) => _unlock(start, (nuint)bytes);

        public int Residence(byte* start, ulong bytes, byte* residence) => _residence(start, (nuint)bytes, residence);

        /// <summary>fork, but the child's parent is this process's: it outlives this one, and the driver takes its status.</summary>
        public int Fork() => (int)_systemCall(_cloneNumber, CloneParent | SigChild, 0, 0, 0, 0, 0);

        public void Futex(int* state, int operation, int value, Linux.TimeSpecification* patience) =>
            _ = _systemCall(_futexNumber, (nint)state, operation, value, (nint)patience, 0, 0);
    }
}
