using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;

namespace FleetEstimator.ClusterTests.Drills;

/// <summary>The command <c>fleet-estimator</c> in a process of its own, built with these tests. It is killed when it is disposed of.</summary>
internal sealed class FleetProgram : IAsyncDisposable
{
    /// <summary>The kernel tells processor time in hundredths of a second, whatever its own tick is (USER_HZ).</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<string> _messages = [];
    private readonly Channel<string> _unread = Channel.CreateUnbounded<string>();
    private readonly Process _process;
    private readonly string _arguments;

    private FleetProgram(string[] arguments)
    {
        _arguments = string.Join(' ', arguments);
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "fleet-estimator"), arguments)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
    }

    /// <summary>What it has said on standard error.</summary>
    public string Messages => string.Join('\n', _messages);

    /// <summary>Starts it.</summary>
    public static FleetProgram Start(params string[] arguments)
    {
        var program = new FleetProgram(arguments);
        program._process.Start();
        program._process.BeginOutputReadLine();
        program._process.BeginErrorReadLine();
        return program;
    }

    /// <summary>Waits until it says a line with that text, beginning after the line that was waited for before.</summary>
    /// <exception cref="InvalidOperationException">It has ended without.</exception>
    public async Task Says(string text, CancellationToken cancellation)
    {
        await foreach (var line in _unread.Reader.ReadAllAsync(cancellation))
        {
            if (line.Contains(text, StringComparison.Ordinal))
                return;
        }

        throw new InvalidOperationException($"fleet-estimator {_arguments} ended without saying \"{text}\":\n{Messages}");
    }

    /// <summary>Waits until it has ended; its exit code.</summary>
    public async Task<int> Exit(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation);
        return _process.ExitCode;
    }

    /// <summary>Ends it at once (SIGKILL), and waits until it is gone.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Stops it where it is (SIGSTOP).</summary>
    public Task Stop() => Signal("STOP");

    /// <summary>Has it go on (SIGCONT).</summary>
    public Task Continue() => Signal("CONT");

    /// <summary>Processor time of its threads that simulate nodes, by thread.</summary>
    public Dictionary<string, TimeSpan> SimulationTimes()
    {
        var times = new Dictionary<string, TimeSpan>();
        foreach (var thread in Directory.EnumerateDirectories($"/proc/{_process.Id}/task"))
        {
            try
            {
                // proc_pid_stat(5): the name in brackets, then fields from the third on; utime is the 14th, stime the 15th.
                var (name, fields) = File.ReadAllText($"{thread}/stat").Split(')') is [var first, var rest] ? (first, rest.Split(' ')) : throw new FormatException(thread);
                if (name.Contains("(simulation", StringComparison.Ordinal))
                    times.Add(thread, (long.Parse(fields[12]) + long.Parse(fields[13])) * Tick);
            }
            catch (IOException)
            {
                // The thread has ended.
            }
        }

        return times;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Kill();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            _unread.Writer.Complete();
            return;
        }

        _messages.Enqueue(line);
        _unread.Writer.TryWrite(line);
    }

    private Task Signal(string name) => State.Servers.Run("sh", "-c", $"kill -{name} {_process.Id}");
}
