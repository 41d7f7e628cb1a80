using System.Diagnostics;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Simulation;

/// <summary>
/// Recordings in memory, by digest, and what-ifs of them: each loaded or made once however many threads ask for it, shared by every study and node of the process that replays
/// it, and let go of within a bound, the least recently used first. Safe for use by several threads at once.
/// </summary>
/// <remarks>
/// A node under way holds its own reference. What the cache lets go of is therefore still in memory while it is in use, and is found again as long as it is. The workload used
/// last stays even if it alone is larger than the bound: whoever asked for it has it in memory anyway.
/// </remarks>
public sealed class WorkloadCache
{
    /// <summary>Part of the memory available to the process that recordings take, unless told otherwise: loading one takes about twice what it keeps, and the replays of nodes need room, too.</summary>
    public const int DefaultPartOfMemory = 4;

    // A node whose recording cannot be loaded costs as much as loading it. Others within this time are told without.
    private static readonly TimeSpan FailureKept = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    // Behind the gate: what there is, and what is held, the most recently used last. A recording is used after its what-ifs, which refer to it: letting go of it first would free nothing.
    private readonly Dictionary<(string Recording, WhatIf WhatIf), Slot> _slots = [];
    private readonly LinkedList<Slot> _held = [];
    private long _bytesHeld;
    private long _loads;

    /// <summary>An empty cache.</summary>
    /// <param name="traces">Where recordings lie; <see cref="LocalTraces"/> if null.</param>
    /// <param name="bytesMax">The bound on what is held, in bytes; a quarter of the memory available to the process (or its container) if null.</param>
    /// <param name="time">The clock; the system's if null.</param>
    public WorkloadCache(ITraceSource? traces = null, long? bytesMax = null, TimeProvider? time = null)
    {
        Traces = traces ?? LocalTraces.Instance;
        BytesMax = bytesMax ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / DefaultPartOfMemory;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Where recordings lie.</summary>
    public ITraceSource Traces { get; }

    /// <summary>The bound on <see cref="BytesHeld"/>, but for a single workload that is larger.</summary>
    public long BytesMax { get; }

    /// <summary>Bytes of the workloads held.</summary>
    public long BytesHeld => Interlocked.Read(ref _bytesHeld);

    /// <summary>Recordings loaded and what-ifs made so far, attempts that failed included.</summary>
    public long Loads => Interlocked.Read(ref _loads);

    /// <summary>The recording, loaded if it is not in memory.</summary>
    /// <exception cref="TraceException">A file is missing or wrong, or is not what was planned; told again for ten seconds without looking.</exception>
    public Workload Get(Recording recording) => Get((Key(recording), default), () => new(recording.Node, [.. recording.Files.Select(file => file.Load(Traces))]));

    /// <summary>The recording with something taken to be different, made if it is not in memory.</summary>
    /// <exception cref="TraceException">As of <see cref="Get(Recording)"/>.</exception>
    public Workload Get(Recording recording, WhatIf whatIf)
    {
        if (whatIf.IsNone)
            return Get(recording);
        var key = Key(recording);
        var workload = Get((key, whatIf), () => Get(recording).With(whatIf));
        lock (_gate)
        {
            if (_slots.TryGetValue((key, default), out var recorded) && recorded.Node.List is not null)
                Use(recorded);
        }

        return workload;
    }

    // With its name, which is told with what is wrong with it, but not its folder: users of one recording have it in folders of their own.
    private static string Key(Recording recording) => string.Join('\n', recording.Files.Select(file => $"{file.Digest} {Path.GetFileName(file.Path)}"));

    private Workload Get((string, WhatIf) key, Func<Workload> load)
    {
        Slot slot;
        lock (_gate)
        {
            if (!_slots.TryGetValue(key, out slot!))
                _slots.Add(key, slot = new());
            if (slot.Held is { } held)
            {
                Use(slot);
                return held;
            }

            slot.Waiting++;
        }

        try
        {
            // One loads, whoever else wants it waits here and finds it.
            lock (slot.Loading)
            {
                var workload = slot.InUse ?? Load(slot, load);
                lock (_gate)
                    Hold(slot, workload);
                return workload;
            }
        }
        finally
        {
            lock (_gate)
            {
                slot.Waiting--;
                ForgetUnused();
            }
        }
    }

    private Workload Load(Slot slot, Func<Workload> load)
    {
        if (slot.Failure is { } failure && _time.GetElapsedTime(slot.FailedAt) < FailureKept)
            throw failure;
        Interlocked.Increment(ref _loads);
        try
        {
            var workload = load();
            slot.Failure = null;
            return workload;
        }
        catch (TraceException exception)
        {
            (slot.Failure, slot.FailedAt) = (exception, _time.GetTimestamp());
            throw;
        }
    }

    private void Hold(Slot slot, Workload workload)
    {
        if (slot.Held is null)
        {
            slot.Hold(workload);
            _bytesHeld += workload.Bytes;
        }

        Use(slot);
        while (_bytesHeld > BytesMax && _held.First!.Value is var oldest && oldest != slot)
        {
            _bytesHeld -= oldest.Held!.Bytes;
            oldest.LetGo();
            _held.RemoveFirst();
        }
    }

    private void Use(Slot slot)
    {
        Debug.Assert(slot.Held is not null, "Only what is held has a place in the order of use.");
        if (slot.Node.List is not null)
            _held.Remove(slot.Node);
        _held.AddLast(slot.Node);
    }

    private void ForgetUnused()
    {
        foreach (var (key, slot) in _slots)
        {
            if (slot is { Waiting: 0, Held: null, InUse: null } && !(slot.Failure is not null && _time.GetElapsedTime(slot.FailedAt) < FailureKept))
                _slots.Remove(key);
        }
    }

    /// <summary>A workload that is held, was let go of, or is being loaded.</summary>
    private sealed class Slot
    {
        private readonly WeakReference<Workload> _reference = new(null!);

        public Slot() => Node = new(this);

        /// <summary>Its place in the order of use, in the list only while it is held.</summary>
        public LinkedListNode<Slot> Node { get; }

        /// <summary>The workload, if the cache holds it.</summary>
        public Workload? Held { get; private set; }

        /// <summary>The workload, if anyone does.</summary>
        public Workload? InUse => _reference.TryGetTarget(out var workload) ? workload : null;

        /// <summary>Whoever loads it.</summary>
        public Lock Loading { get; } = new();

        /// <summary>Threads that load it or wait for it.</summary>
        public int Waiting { get; set; }

        /// <summary>Why the last attempt failed, and when.</summary>
        public TraceException? Failure { get; set; }

        public long FailedAt { get; set; }

        public void Hold(Workload workload)
        {
            Held = workload;
            _reference.SetTarget(workload);
        }

        public void LetGo() => Held = null;
    }
}
