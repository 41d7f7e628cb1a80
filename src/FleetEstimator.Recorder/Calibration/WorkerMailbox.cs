using System.Runtime.InteropServices;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>What a scenario worker is asked to do. Addresses and lengths are in bytes, pages consecutive.</summary>
internal enum WorkerCommand
{
    /// <summary>Map private anonymous memory exactly there.</summary>
    Map,

    /// <summary>Unmap.</summary>
    Unmap,

    /// <summary>madvise with <see cref="WorkerMailbox.Argument"/>.</summary>
    Advise,

    /// <summary>mlock.</summary>
    Lock,

    /// <summary>munlock.</summary>
    Unlock,

    /// <summary>Load the first byte of each page.</summary>
    Read,

    /// <summary>Store the byte <see cref="WorkerMailbox.Argument"/> at the start of each page.</summary>
    Store,

    /// <summary>Fill whole pages with the word <see cref="WorkerMailbox.Argument"/>.</summary>
    WriteWord,

    /// <summary>Fill whole pages with random words; <see cref="WorkerMailbox.Argument"/> is the seed.</summary>
    WriteRandom,

    /// <summary>As <see cref="WriteRandom"/>, the second half of each page zeros.</summary>
    WriteHalf,

    /// <summary>mincore into <see cref="WorkerMailbox.Residence"/>, of at most <see cref="WorkerMailbox.ResidencePages"/> pages.</summary>
    Residence,

    /// <summary>Fork a worker that serves the mailbox <see cref="WorkerMailbox.Argument"/>; the child is the driver's, not the worker's.</summary>
    Fork,

    /// <summary>Touch everything that serving touches, so that no fault of the worker's own disturbs a measurement.</summary>
    Warm,

    /// <summary>End the process.</summary>
    Exit,
}

/// <summary>One worker's part of the memory that the driver shares with all of them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct WorkerMailbox
{
    /// <summary>Bytes from one mailbox to the next.</summary>
    public const int Bytes = 16384;

    /// <summary>Mailboxes: workers that live in one scenario.</summary>
    public const int Count = 64;

    /// <summary>Pages one <see cref="WorkerCommand.Residence"/> can tell about.</summary>
    public const int ResidencePages = 8192;

    public const int Idle = 0;
    public const int Requested = 1;
    public const int Done = 2;

    /// <summary>Who is to act; both sides wait on it (futex).</summary>
    public int State;

    public WorkerCommand Command;
    public ulong Address;
    public ulong Length;
    public ulong Argument;

    /// <summary>Answer: errno, 0 = it succeeded.</summary>
    public int Errno;

    /// <summary>Answer: pid of the worker; of a fork, of the child.</summary>
    public int Pid;

    /// <summary>Answer: minor faults of the command.</summary>
    public long MinorFaults;

    /// <summary>Answer: major faults of the command.</summary>
    public long MajorFaults;

    /// <summary>Answer: bit 0 of each byte tells whether the page, or a copy of it in the swap cache, is in memory.</summary>
    public fixed byte Residence[ResidencePages];
}
