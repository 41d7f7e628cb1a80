using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using FleetEstimator.Recorder;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator record</c>: records live processes into a trace.</summary>
internal static class RecordCommand
{
    private static readonly TimeSpan _defaultDuration = TimeSpan.FromSeconds(60);

    private static readonly JsonSerializerOptions _json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>The verb with its options, ready to be added to the root command.</summary>
    internal static Command Create()
    {
        var pid = new Option<int?>("--pid") { Description = "Record this running process.", HelpName = "PID" };
        var descendants = new Option<bool>("--descendants") { Description = "With --pid: record its children too, and theirs, now and as they appear." };
        var cgroup = new Option<string?>("--cgroup")
        {
            Description = "Record every process of this control group and of the groups below it (v1 or v2).",
            HelpName = "FOLDER",
        };
        var output = new Option<string?>("--out", "-o") { Description = "The trace to write; default: recording-TIME.arrow. It must not exist.", HelpName = "FILE" };
        var interval = DurationText.Option("--interval", "Time from scan to scan; default 2s. Shorter sees more of what happens in between and costs more CPU.");
        var duration = DurationText.Option("--duration", "When to end; default 60s, with COMMAND when it ends. A COMMAND still running then is ended.");
        var node = new Option<string?>("--node") { Description = "Opaque label of this machine, the sampling unit of every estimate; default: a random one.", HelpName = "LABEL" };
        var labels = new Option<string[]>("--label") { Description = "A free label in the trace's metadata; may be repeated.", HelpName = "NAME=VALUE" };
        var source = new Option<string>("--source")
        {
            Description = "What tells accesses, besides changed contents: auto (default: the best this machine has, see doctor), idle-page+soft-dirty, idle-page,"
                + " soft-dirty, damon, content, or page-out, which slows the processes down, changes what is measured and needs swap.",
            HelpName = "SOURCE",
            DefaultValueFactory = _ => "auto",
        };
        source.AcceptOnlyFromAmong([.. RecordingOptions.SourceNames.Keys]);
        var probe = new Option<bool>("--probe-pageout") { Description = "Short for --source page-out." };
        var json = new Option<bool>("--json") { Description = "Print the summary as JSON." };
        var arguments = new Argument<string[]>("COMMAND")
        {
            Description = "After --: a command to start and record with all its descendants. Its standard output goes to standard error.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("record", "Record memory of live processes, page by page, into a trace. Page contents are looked at, never stored.")
        {
            pid, descendants, cgroup, output, interval, duration, node, labels, source, probe, json, arguments,
        };
        command.Validators.Add(result =>
        {
            var commandWords = result.GetValue(arguments) ?? [];
            var targets = (result.GetValue(pid) is null ? 0 : 1) + (result.GetValue(cgroup) is null ? 0 : 1) + (commandWords.Length == 0 ? 0 : 1);
            if (targets != 1)
                result.AddError("Give exactly one of --pid PID, --cgroup FOLDER and -- COMMAND.");
            if (result.GetValue(descendants) && result.GetValue(pid) is null)
                result.AddError("--descendants goes with --pid; a cgroup and a command are recorded with all their processes anyway.");
            if (result.GetValue(probe) && result.GetResult(source) is { Implicit: false })
                result.AddError("--probe-pageout is --source page-out; give one of them.");
            foreach (var label in result.GetValue(labels) ?? [])
            {
                if (label.IndexOf('=', StringComparison.Ordinal) <= 0)
                    result.AddError($"--label {label}: give NAME=VALUE.");
            }
        });
        command.SetAction(parsed =>
        {
            var commandWords = parsed.GetValue(arguments) ?? [];
            RecordingTarget target = parsed.GetValue(pid) is { } number ? new RecordingTarget.Process(number, parsed.GetValue(descendants))
                : parsed.GetValue(cgroup) is { } folder ? new RecordingTarget.Cgroup(folder)
                : new RecordingTarget.Command(commandWords);
            var options = new RecordingOptions
            {
                Target = target,
                Output = parsed.GetValue(output) ?? $"recording-{DateTimeOffset.UtcNow:yyyyMMdd-HHmmss}.arrow",
                Interval = parsed.GetValue(interval) ?? TimeSpan.FromSeconds(2),
                Duration = parsed.GetValue(duration) ?? (target is RecordingTarget.Command ? null : _defaultDuration),
                Node = parsed.GetValue(node),
                Labels = (parsed.GetValue(labels) ?? []).Select(label => label.Split('=', 2)).GroupBy(pair => pair[0]).ToDictionary(same => same.Key, same => same.Last()[1]),
                Source = parsed.GetValue(probe) ? AccessSourceKind.PageOut : RecordingOptions.SourceNames[parsed.GetValue(source)!],
            };
            return Run(options, parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        });
        return command;
    }

    private static int Run(RecordingOptions options, bool asJson, TextWriter output, TextWriter error)
    {
        if (File.Exists(options.Output))
            return Fail(error, $"{options.Output} exists already. Delete it or choose another --out.", ExitCode.WrongUsage);
        if (options.Source == AccessSourceKind.PageOut)
            error.WriteLine("Probing by page-out slows the recorded processes down and changes what is measured; the trace is labelled perturbed.");
        using var cancellation = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var progress = new ProgressLine(error);
        try
        {
            var summary = RecordingSession.Run(options, progress, cancellation.Token);
            progress.Clear();
            output.WriteLine(asJson ? JsonSerializer.Serialize(SummaryJson.From(summary), _json) : Describe(summary));
            return summary.End == RecordingEnd.Interrupted ? ExitCode.Interrupted : ExitCode.Done;
        }
        catch (RecordingException exception)
        {
            progress.Clear();
            return Fail(error, exception.Message, exception.Failure == RecordingFailure.Options ? ExitCode.WrongUsage : ExitCode.Failed);
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            cancellation.Cancel();
        }
    }

    private static int Fail(TextWriter error, string message, int exitCode)
    {
        error.WriteLine($"record: {message}");
        return exitCode;
    }

    private static string Describe(RecordingSummary summary)
    {
        var pages = summary.PageSightings;
        var lines = new List<string>
        {
            $"{summary.Output}: node {summary.Node}, {summary.Rows:N0} rows, {summary.Scans:N0} scans of {summary.Processes:N0} processes in {summary.Duration.TotalSeconds:N1} s",
            $"accesses: {summary.AccessSource}",
            $"ended: {JsonNamingPolicy.KebabCaseLower.ConvertName(summary.End.ToString())}"
                + (summary.CommandExitCode is { } code ? $", command with exit code {code}" : "")
                + (summary.End == RecordingEnd.Interrupted ? "; the trace is complete up to here, start again for a longer one" : ""),
            $"private anonymous memory, peak of all scans: {MiB(summary.ResidentBytesPeak)} resident, {MiB(summary.ResidentOrSwappedBytesPeak)} resident or in swap",
            summary.ZeroShareOfResidentPages is { } zeros
                ? $"of the {pages.ResidentPages:N0} resident pages of all scans: {zeros:P1} zero-filled, {summary.RepeatedShareOfResidentPages:P1} one repeated word,"
                    + $" {summary.DataShareOfResidentPages:P1} other data"
                : "no resident page was seen",
            $"cost: {summary.RecorderCpuTime.TotalSeconds:N1} s of CPU time, longest scan {summary.LongestScan.TotalMilliseconds:N0} ms"
                + (summary.ScansSkipped > 0 ? $", {summary.ScansSkipped:N0} scans skipped because the ones before took too long: a longer --interval tells the truth" : ""),
        };
        if (summary.ProcessesDenied > 0)
            lines.Add($"missing: {summary.ProcessesDenied:N0} processes that could not be read");
        return string.Join('\n', lines);
    }

    private static string MiB(long bytes) => $"{bytes / 1048576.0:N1} MiB";

    /// <summary>One line on a terminal, overwritten; nothing elsewhere, but for notices.</summary>
    private sealed class ProgressLine(TextWriter error) : IProgress<RecordingProgress>
    {
        private readonly bool _isOnTerminal = !Console.IsErrorRedirected;

        public void Clear()
        {
            if (_isOnTerminal)
                error.Write("\r\u001b[K");
        }

        public void Report(RecordingProgress value)
        {
            if (value.Notice is { } notice)
            {
                Clear();
                error.WriteLine(notice);
            }
            else if (_isOnTerminal)
            {
                error.Write(string.Create(
                    CultureInfo.InvariantCulture,
                    $"\r\u001b[K{value.Elapsed.TotalSeconds:N0} s, {value.Scans:N0} scans, {value.Processes} processes, {value.ResidentBytes / 1048576.0:N0} MiB resident, {value.Rows:N0} rows"));
            }
        }
    }

    /// <summary>The summary as printed with --json: times in seconds, shares with their denominator.</summary>
    private sealed record SummaryJson(
        string Output,
        string Node,
        string AccessSource,
        RecordingEnd End,
        long Rows,
        long Scans,
        long ScansSkipped,
        long Processes,
        long ProcessesDenied,
        double DurationSeconds,
        long ResidentBytesPeak,
        long ResidentOrSwappedBytesPeak,
        double? ZeroShareOfResidentPages,
        double? RepeatedShareOfResidentPages,
        double? DataShareOfResidentPages,
        PageTally PageSightings,
        double LongestScanSeconds,
        double ScanTimeSeconds,
        double RecorderCpuSeconds,
        int? CommandExitCode)
    {
        public static SummaryJson From(RecordingSummary summary) => new(
            summary.Output,
            summary.Node,
            summary.AccessSource,
            summary.End,
            summary.Rows,
            summary.Scans,
            summary.ScansSkipped,
            summary.Processes,
            summary.ProcessesDenied,
            summary.Duration.TotalSeconds,
            summary.ResidentBytesPeak,
            summary.ResidentOrSwappedBytesPeak,
            summary.ZeroShareOfResidentPages,
            summary.RepeatedShareOfResidentPages,
            summary.DataShareOfResidentPages,
            summary.PageSightings,
            summary.LongestScan.TotalSeconds,
            summary.ScanTime.TotalSeconds,
            summary.RecorderCpuTime.TotalSeconds,
            summary.CommandExitCode);
    }
}
