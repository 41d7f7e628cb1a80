using System.Collections;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace FleetEstimator.Recorder;

/// <summary>A command that the recorder starts, and its descendants, orphans and daemons included.</summary>
internal sealed unsafe partial class CommandProcesses : TargetProcesses
{
    private static readonly TimeSpan _graceAtTheEnd = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<string> _arguments;
    private ProcessStat _root;
    private bool _isStarted;
    private int? _status;

    internal CommandProcesses(IReadOnlyList<string> arguments) => _arguments = arguments;

    internal override string Kind => "command";

    internal override string? Command => Path.GetFileName(_arguments[0]);

    internal override bool HasStarted => _isStarted;

    internal override int? ExitCode
    {
        get
        {
            _status ??= _isStarted ? Linux.TakeExitStatus(_root.Pid) : null;
            // man 2 waitpid: the low seven bits are the signal, the next byte is the exit code.
            return _status is not { } status ? null : (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
        }
    }

    internal override void Start()
    {
        Linux.AdoptOrphans(true);
        var pid = 0;
        try
        {
            pid = Spawn(_arguments);
        }
        finally
        {
            if (pid == 0)
                Linux.AdoptOrphans(false);
        }

        _isStarted = true;
        // The child cannot vanish before its status is taken, so that its stat can be read even if it has ended.
        _root = ProcessStat.Read(new ProcFile(), pid) ?? throw new UnreachableException($"Child {pid} has no stat file.");
    }

    internal override void Find(List<ProcessStat> found)
    {
        FindAll(found);
        var start = _root.StartTicks;
        KeepDescendants(found, process => process.Pid == _root.Pid || (process.Parent == Environment.ProcessId && process.StartTicks >= start));
    }

    /// <summary>An orphan that was given to this process stays a zombie until its status is taken. The command's own is kept.</summary>
    internal override void Reap(in ProcessStat process)
    {
        if (process.Pid == _root.Pid)
            _ = ExitCode;
        else
            _ = Linux.TakeExitStatus(process.Pid);
    }

    /// <summary>Ends what still runs: asks, waits a little, then insists.</summary>
    internal override void End()
    {
        if (!_isStarted)
            return;
        var running = new List<ProcessStat>();
        Find(running);
        Signal(running, Linux.SigTerm);
        for (var waiting = Stopwatch.StartNew(); running.Count > 0 && waiting.Elapsed < _graceAtTheEnd; Find(running))
        {
            Thread.Sleep(20);
            TakeStatuses(running);
        }

        Signal(running, Linux.SigKill);
        TakeStatuses(running);
        Linux.AdoptOrphans(false);
        _isStarted = false;
    }

    private static void Signal(List<ProcessStat> processes, int signal)
    {
        foreach (var process in processes)
            _ = Linux.Kill(process.Pid, signal);
    }

    private void TakeStatuses(List<ProcessStat> processes)
    {
        _ = ExitCode;
        foreach (var process in processes)
            Reap(in process);
    }

    /// <summary>Starts a command as posix_spawnp does: it returns once the new program runs, so that no scan ever sees the recorder's own memory in it.</summary>
    private static int Spawn(IReadOnlyList<string> arguments)
    {
        // Larger than posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t of glibc and musl.
        var actions = stackalloc byte[512];
        var attributes = stackalloc byte[1024];
        var signals = stackalloc byte[256];
        Check(FileActionsInit(actions));
        Check(AttributesInit(attributes));
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => $"{variable.Key}={variable.Value}").ToArray();
        var argumentPointers = ToPointers(arguments);
        var environmentPointers = ToPointers(environment);
        try
        {
            // .NET ignores SIGPIPE and may block signals: the command shall start with the defaults.
            Check(FillSignals(signals));
            Check(SetDefaultSignals(attributes, signals));
            Check(EmptySignals(signals));
            Check(SetSignalMask(attributes, signals));
            Check(SetFlags(attributes, FlagSetDefaultSignals | FlagSetSignalMask));
            Check(AddDuplicate(actions, StandardError, StandardOutput));
            int pid;
            int errno;
            fixed (byte** argumentVector = argumentPointers, environmentVector = environmentPointers)
                errno = PosixSpawn(&pid, argumentVector[0], actions, attributes, argumentVector, environmentVector);
            if (errno != 0)
                throw new RecordingException(
                    RecordingFailure.NoSuchTarget,
                    $"{arguments[0]} cannot be started: {Linux.Describe(errno)}. Give a program on PATH, or its path, after --.");
            return pid;
        }
        finally
        {
            FreePointers(argumentPointers);
            FreePointers(environmentPointers);
            _ = AttributesDestroy(attributes);
            _ = FileActionsDestroy(actions);
        }
    }

    private static byte*[] ToPointers(IReadOnlyList<string> texts)
    {
        var pointers = new byte*[texts.Count + 1];
        for (var index = 0; index < texts.Count; index++)
            pointers[index] = Utf8StringMarshaller.ConvertToUnmanaged(texts[index]);
        return pointers;
    }

    private static void FreePointers(byte*[] pointers)
    {
        foreach (var pointer in pointers)
            Utf8StringMarshaller.Free(pointer);
    }

    private static void Check(int errno)
    {
        if (errno != 0)
            throw new InvalidOperationException($"Preparing posix_spawn failed: {Linux.Describe(errno)}.");
    }

    private const short FlagSetDefaultSignals = 4;
    private const short FlagSetSignalMask = 8;
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    [LibraryImport("libc", EntryPoint = "posix_spawnp")]
    private static partial int PosixSpawn(int* pid, byte* file, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int FileActionsInit(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int FileActionsDestroy(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDuplicate(void* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaultSignals(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetSignalMask(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    private static partial int FillSignals(void* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial int EmptySignals(void* signals);
}
