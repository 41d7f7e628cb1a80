using System.Diagnostics;
using System.Globalization;
using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>One scenario on this machine's kernel: workers as processes of their own, and what the kernel did to them, step by step.</summary>
internal sealed unsafe class ScenarioRun : IDisposable
{
    private const int PageBytes = 4096;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly byte* _mailboxes;
    private readonly string _mailboxFile;
    private readonly bool _isAsynchronous;
    private readonly Dictionary<int, Worker> _workers = [];
    private readonly Dictionary<RegionId, int> _regions = [];
    private readonly PageStateReader _pages = new();
    private Process? _root;
    private HashSet<ulong> _frames = [];
    private int _mailboxesUsed;

    /// <param name="mailboxFile">An empty file, of the size of all mailboxes, that workers can map.</param>
    /// <param name="isAsynchronous">Whether the swap device writes back on its own time.</param>
    internal ScenarioRun(string mailboxFile, bool isAsynchronous)
    {
        (_mailboxFile, _isAsynchronous) = (mailboxFile, isAsynchronous);
        var file = Linux.Open(mailboxFile, Linux.ReadWrite | Linux.CloseOnExec);
        _mailboxes = file < 0 ? null : Linux.Map(null, WorkerMailbox.Bytes * WorkerMailbox.Count, Linux.ProtectReadWrite, Linux.MapShared, file, 0);
        if (file < 0 || (nint)_mailboxes == -1)
            throw new CalibrationException($"{mailboxFile} cannot be mapped: {Linux.Describe(Linux.Errno)}.");
        _ = Linux.Close(file);
        new Span<byte>(_mailboxes, WorkerMailbox.Bytes * WorkerMailbox.Count).Clear();
    }

    /// <summary>Does the operations in order; one step each.</summary>
    /// <param name="operations">Such as this kernel can do.</param>
    /// <param name="workerCommand">What starts a worker: program and first arguments; file and pid follow.</param>
    internal IReadOnlyList<KernelStep> Run(IEnumerable<ScenarioOperation> operations, IReadOnlyList<string> workerCommand)
    {
        Start(workerCommand);
        var steps = new List<KernelStep>();
        foreach (var operation in operations)
        {
            var before = VmCounters();
            var (errno, minor, major) = Do(operation);
            var changes = VmCounters().Select(counter => (counter.Key, counter.Value - before[counter.Key])).Append(("minflt", minor)).Append(("majflt", major));
            if (_isAsynchronous)
                Settle();
            steps.Add(StepOf(errno, changes.Where(counter => counter.Item2 != 0)));
            if (operation.Verb == ScenarioVerb.Fork && errno == 0)
            {
                Ask(_workers[operation.Worker], WorkerCommand.Warm);
                Ask(_workers[(int)operation.Argument], WorkerCommand.Warm);
            }
        }

        return steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var worker in _workers.Values)
            _ = Linux.Kill(worker.Pid, Linux.SigKill);
        foreach (var worker in _workers.Values)
            AwaitExit(worker);
        _pages.Dispose();
        _root?.Dispose();
        _ = Linux.Unmap(_mailboxes, WorkerMailbox.Bytes * WorkerMailbox.Count);
    }

    private static Dictionary<string, long> VmCounters()
    {
        var counters = KernelStep.CounterNames.Where(name => name is not ("minflt" or "majflt")).ToDictionary(name => name, _ => 0L);
        foreach (var line in File.ReadLines("/proc/vmstat"))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (counters.ContainsKey(line[..space]))
                counters[line[..space]] = long.Parse(line.AsSpan(space + 1), CultureInfo.InvariantCulture);
        }

        return counters;
    }

    /// <summary>Waits until no frame that was mapped after the last step is under write-back. (nr_writeback is counted per CPU and lags behind.)</summary>
    private void Settle()
    {
        var waiting = Stopwatch.StartNew();
        while (_pages.AnyUnderWriteback(_frames) && waiting.Elapsed < _patience)
            Thread.Sleep(1);
    }

    private static ulong AddressOf(int region, int page) => (ScenarioCompiler.FirstPageOf(region) + (ulong)page) * PageBytes;

    private void Start(IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0], [.. command.Skip(1), _mailboxFile, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
        };
        // Code is compiled once and for good, and no other thread of the runtime wakes up while a scenario runs.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        _root = Process.Start(start)!;
        var worker = new Worker(_root.Id, TakeMailbox());
        _workers.Add(0, worker);
        AwaitAnswer(worker);
        Ask(worker, WorkerCommand.Warm);
    }

    private int TakeMailbox() => _mailboxesUsed < WorkerMailbox.Count ? _mailboxesUsed++
        : throw new CalibrationException($"The scenario has more than {WorkerMailbox.Count} workers.");

    private (int Errno, long MinorFaults, long MajorFaults) Do(ScenarioOperation operation)
    {
        if (operation.Verb == ScenarioVerb.Settle)
        {
            Settle();
            return (0, 0, 0);
        }

        var worker = _workers[operation.Worker];
        switch (operation.Verb)
        {
            case ScenarioVerb.Exit:
                Request(worker, WorkerCommand.Exit, 0, 0, 0);
                AwaitExit(worker);
                _workers.Remove(operation.Worker);
                foreach (var region in _regions.Keys.Where(region => region.Worker == operation.Worker).ToList())
                    _regions.Remove(region);
                return (0, 0, 0);
            case ScenarioVerb.Fork:
                var mailbox = TakeMailbox();
                var forked = Ask(worker, WorkerCommand.Fork, argument: (ulong)mailbox);
                if (forked.Errno != 0)
                    return (forked.Errno, 0, 0);
                _workers.Add((int)operation.Argument, new Worker(forked.Pid, mailbox));
                foreach (var (region, length) in _regions.Where(region => region.Key.Worker == operation.Worker).ToList())
                    _regions.Add(new RegionId((int)operation.Argument, region.Region), length);

                // Copying page tables takes no fault (copy_page_range in mm/memory.c): what was counted is the worker's own stack.
                return (0, 0, 0);
            default:
                return Do(operation, worker);
        }
    }

    private (int Errno, long MinorFaults, long MajorFaults) Do(ScenarioOperation operation, Worker worker)
    {
        var region = new RegionId(operation.Worker, operation.Region);
        (WorkerCommand Command, ulong Argument) asked = operation.Verb switch
        {
            ScenarioVerb.Map => (WorkerCommand.Map, 0),
            ScenarioVerb.Unmap => (WorkerCommand.Unmap, 0),
            ScenarioVerb.Read => (WorkerCommand.Read, 0),
            ScenarioVerb.Store => (WorkerCommand.Store, operation.Argument),
            ScenarioVerb.Write => operation.Fill switch
            {
                PageFill.Random => (WorkerCommand.WriteRandom, operation.Argument),
                PageFill.Half => (WorkerCommand.WriteHalf, operation.Argument),
                PageFill.Same => (WorkerCommand.WriteWord, operation.Argument),
                _ => (WorkerCommand.WriteWord, 0),
            },
            ScenarioVerb.Lock => (WorkerCommand.Lock, 0),
            ScenarioVerb.Unlock => (WorkerCommand.Unlock, 0),
            ScenarioVerb.PageOut => (WorkerCommand.Advise, Linux.AdvicePageOut),
            ScenarioVerb.Cold => (WorkerCommand.Advise, Linux.AdviceCold),
            ScenarioVerb.Free => (WorkerCommand.Advise, Linux.AdviceFree),
            ScenarioVerb.DontNeed => (WorkerCommand.Advise, Linux.AdviceDontNeed),
            ScenarioVerb.Huge => (WorkerCommand.Advise, Linux.AdviceHugePage),
            ScenarioVerb.NoHuge => (WorkerCommand.Advise, Linux.AdviceNoHugePage),
            _ => throw new ArgumentOutOfRangeException(nameof(operation), operation.Verb, "Not a verb this machine can do."),
        };
        var pages = operation.Verb == ScenarioVerb.Unmap ? _regions[region] : operation.Pages;
        var answer = Ask(worker, asked.Command, AddressOf(operation.Region, operation.Offset), (ulong)pages * PageBytes, asked.Argument);
        if (answer.Errno == 0 && operation.Verb == ScenarioVerb.Map)
            _regions.Add(region, pages);
        if (answer.Errno == 0 && operation.Verb == ScenarioVerb.Unmap)
            _regions.Remove(region);
        return (answer.Errno, answer.MinorFaults, answer.MajorFaults);
    }

    private KernelStep StepOf(int errno, IEnumerable<(string Name, long Value)> counters)
    {
        var frames = new HashSet<ulong>();
        var pages = new Dictionary<RegionId, Traces.KernelTruth.PageStates>();
        foreach (var (region, length) in _regions)
        {
            var worker = _workers[region.Worker];
            var states = _pages.Read(worker.Pid, ScenarioCompiler.FirstPageOf(region.Region), length, frames, first =>
            {
                var count = Math.Min(WorkerMailbox.ResidencePages, length - first);
                Ask(worker, WorkerCommand.Residence, AddressOf(region.Region, first), (ulong)count * PageBytes);
                return new ReadOnlySpan<byte>(Box(worker)->Residence, count).ToArray();
            });
            pages.Add(region, Traces.KernelTruth.PageStates.Encode(states));
        }

        _frames = frames;
        return new KernelStep { Counters = counters.ToDictionary(counter => counter.Name, counter => counter.Value), Frames = frames.Count, Pages = pages, Errno = errno };
    }

    private WorkerMailbox* Box(Worker worker) => (WorkerMailbox*)(_mailboxes + (long)worker.Mailbox * WorkerMailbox.Bytes);

    private (int Errno, int Pid, long MinorFaults, long MajorFaults) Ask(Worker worker, WorkerCommand command, ulong address = 0, ulong length = 0, ulong argument = 0)
    {
        Request(worker, command, address, length, argument);
        AwaitAnswer(worker);
        var box = Box(worker);
        return (box->Errno, box->Pid, box->MinorFaults, box->MajorFaults);
    }

    private void Request(Worker worker, WorkerCommand command, ulong address, ulong length, ulong argument)
    {
        var box = Box(worker);
        (box->Command, box->Address, box->Length, box->Argument) = (command, address, length, argument);
        Volatile.Write(ref box->State, WorkerMailbox.Requested);
        Linux.Wake(&box->State);
    }

    private void AwaitAnswer(Worker worker)
    {
        var box = Box(worker);
        var patience = new Linux.TimeSpecification { Nanoseconds = 100_000_000 };
        for (var waiting = Stopwatch.StartNew(); Volatile.Read(ref box->State) is var state && state != WorkerMailbox.Done;)
        {
            Linux.WaitWhile(&box->State, state, &patience);
            if (waiting.Elapsed > _patience || (worker.Pid == _root!.Id && _root.HasExited))
                throw new CalibrationException($"Worker {worker.Pid} does not answer{(_root!.HasExited ? ": it has ended" : "")}. Was it killed for want of memory?");
        }
    }

    private void AwaitExit(Worker worker)
    {
        if (worker.Pid == _root!.Id)
            _root.WaitForExit();
        else
            Linux.AwaitExit(worker.Pid);
    }

    private readonly record struct Worker(int Pid, int Mailbox);
}
