using System.Diagnostics;
using FleetEstimator.Grains;

namespace FleetEstimator.Cli;

/// <summary>
/// Progress of a run on standard error: nodes done, rate, time left. On a terminal one line that is overwritten; elsewhere a line every few
/// seconds. Safe for concurrent reports.
/// </summary>
internal sealed class RunProgress : IProgress<StudyProgress>
{
    private static readonly TimeSpan TerminalPeriod = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LogPeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RateKnownAfter = TimeSpan.FromSeconds(1);
    private const int BarWidth = 24;

    private readonly Lock _lock = new();
    private readonly bool _onTerminal = !Console.IsErrorRedirected;
    private Stopwatch? _simulating;
    private TimeSpan _nextReport;
    private string? _stage;
    private long _simulatedBefore;

    /// <summary>How far it was when it was last heard of; null before the first node.</summary>
    public StudyProgress? Last { get; private set; }

    /// <summary>Says what begins now.</summary>
    public void Say(string what)
    {
        Clear();
        Console.Error.WriteLine(what);
    }

    /// <summary>Takes the line back.</summary>
    public void Clear()
    {
        if (_onTerminal)
            Console.Error.Write("\r\u001b[K");
    }

    public void Report(StudyProgress value)
    {
        lock (_lock)
        {
            Last = value;
            if (_simulating is null || value.Stage != _stage)
                (_simulating, _nextReport, _stage, _simulatedBefore) = (Stopwatch.StartNew(), default, value.Stage, value.Simulated);
            var elapsed = _simulating.Elapsed;
            if (elapsed < _nextReport && !value.Ended)
                return;
            _nextReport = elapsed + (_onTerminal ? TerminalPeriod : LogPeriod);
            var line = Line(value, value.Simulated - _simulatedBefore, elapsed);
            if (_onTerminal)
                Console.Error.Write($"\r\u001b[K{Bar(value)} {line}");
            else
                Console.Error.WriteLine(line);
        }
    }

    private static string Line(StudyProgress value, long simulated, TimeSpan elapsed)
    {
        var ended = value.Done + value.Failed;
        var failed = value.Failed > 0 ? $", {value.Failed:N0} failed" : "";
        var done = $"{(value.Stage is { } stage ? $"{stage}: " : "")}{ended:N0} of {value.Nodes:N0} nodes{failed}";
        if (elapsed < RateKnownAfter || simulated == 0)
            return $"{done}, rate and time left not known yet";
        var rate = simulated / elapsed.TotalSeconds;
        return $"{done}, {rate.ToString(rate < 10 ? "0.0" : "N0")} nodes/s, {TimeSpan.FromSeconds(Math.Ceiling((value.Nodes - ended) / rate)):h\\:mm\\:ss} left";
    }

    private static string Bar(StudyProgress value)
    {
        var filled = value.Nodes == 0 ? BarWidth : (int)(BarWidth * (value.Done + value.Failed) / value.Nodes);
        return $"[{new string('#', filled)}{new string('-', BarWidth - filled)}]";
    }
}
