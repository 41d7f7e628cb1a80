using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using FleetEstimator.Recorder;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator record</c>: records live processes into a trace.</summary>
internal static class RecordCommand
{
    private static readonly TimeSpan _defaultDuration = TimeSpan.FromSeconds(60);

    private const double DefaultCpuBudget = 0.01;

    /// <summary>The verb with its options, ready to be added to the root command.</summary>
    /// <param name="isWholeProgram">Whether the process does nothing else, so that all of its CPU time is what recording takes.</param>
    internal static Command Create(bool isWholeProgram = false)
    {
        var pid = new Option<int?>("--pid") { Description = "Record this running process.", HelpName = "PID" };
        var descendants = new Option<bool>("--descendants") { Description = "With --pid: record its children too, and theirs, now and as they appear." };
        var cgroup = new Option<string?>("--cgroup")
        {
            Description = "Record every process of this control group and of the groups below it (v1 or v2).",
            HelpName = "FOLDER",
        };
        var nodeWide = new Option<bool>("--node-wide") { Description = "Record every process of this machine but the recorder itself." };
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
        var budget = ShareText.OptionOrNone(
            "--cpu-budget",
            DefaultCpuBudget,
            "CPU time the recorder may use, of one core; default 1%. Kept by recording a sample of the 2 MiB blocks of memory, and by longer intervals.");
        var sample = ShareText.Option("--sample", "Share of the 2 MiB blocks of memory to record, such as 10%; default: what the budget allows, and all of a COMMAND.");
        var fingerprint = new Option<string?>("--fingerprint")
        {
            Description = "Record a fingerprint of each page of other data: HMAC-SHA256 under the key in this file (16 bytes or more), truncated. Equal pages have equal ones.",
            HelpName = "KEYFILE",
        };
        var bits = new Option<int?>("--fingerprint-bits") { Description = "Bits kept of a fingerprint, 16 to 64; default 64.", HelpName = "BITS" };
        var compressed = new Option<string?>("--compressed") { Description = "Record the size to which each page of other data compresses, as zram and zswap do it." };
        _ = compressed.AcceptOnlyFromAmong("lz4", "zstd");
        var json = new Option<bool>("--json") { Description = "Print the summary as JSON." };
        var arguments = new Argument<string[]>("COMMAND")
        {
            Description = "After --: a command to start and record with all its descendants. Its standard output goes to standard error.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("record", "Record memory of live processes, page by page, into a trace. Page contents are looked at, never stored.")
        {
            pid, descendants, cgroup, nodeWide, output, interval, duration, node, labels, source, probe, budget, sample, fingerprint, bits, compressed, json, arguments,
        };
        command.Validators.Add(result =>
        {
            var commandWords = result.GetValue(arguments) ?? [];
            var targets = (result.GetValue(pid) is null ? 0 : 1) + (result.GetValue(cgroup) is null ? 0 : 1) + (result.GetValue(nodeWide) ? 1 : 0) + (commandWords.Length == 0 ? 0 : 1);
            if (targets != 1)
                result.AddError("Give exactly one of --pid PID, --cgroup FOLDER, --node-wide and -- COMMAND.");
            if (result.GetValue(descendants) && result.GetValue(pid) is null)
                result.AddError("--descendants goes with --pid; a cgroup and a command are recorded with all their processes anyway.");
            if (result.GetValue(probe) && result.GetResult(source) is { Implicit: false })
                result.AddError("--probe-pageout is --source page-out; give one of them.");
            if (result.GetValue(bits) is < 16 or > 64)
                result.AddError($"--fingerprint-bits {result.GetValue(bits)}: give 16 to 64.");
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
                : parsed.GetValue(nodeWide) ? new RecordingTarget.Node()
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
                StartCpuTime = isWholeProgram ? Environment.CpuUsage.TotalTime : TimeSpan.Zero,
                CpuBudget = parsed.GetValue(budget) is var share && double.IsFinite(share) ? share : null,
                SamplingFraction = parsed.GetValue(sample),
                FingerprintKeyFile = parsed.GetValue(fingerprint),
                FingerprintBits = parsed.GetValue(bits) ?? 64,
                CompressedSizes = parsed.GetValue(compressed) is { } codec ? Enum.Parse<PageCodec>(codec, ignoreCase: true) : PageCodec.None,
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
        // A lost connection ends a recording as Ctrl-C does.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var progress = new ProgressLine(error);
        try
        {
            var summary = RecordingSession.Run(options, progress, cancellation.Token);
            progress.Clear();
            output.WriteLine(asJson ? JsonSerializer.Serialize(RecordSummaryJson.From(summary), RecordJson.Default.RecordSummaryJson) : Describe(summary));
            if (summary.OutputFailure is { } failure)
                return Fail(error, $"{summary.Output}: {failure}. The trace is complete up to {summary.Duration.TotalSeconds:N1} s and ends there. Make room and start again.", ExitCode.Partial);
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
            summary.SamplingFraction < 1
                ? $"sampled: {summary.SamplingFraction:P2} of the 2 MiB blocks of memory; what follows is about these"
                : "recorded: all of the memory",
            $"private anonymous memory, peak of all scans: {MiB(summary.ResidentBytesPeak)} resident, {MiB(summary.ResidentOrSwappedBytesPeak)} resident or in swap",
            summary.ZeroShareOfResidentPages is { } zeros
                ? $"of the {pages.ResidentPages:N0} resident pages of all scans: {zeros:P1} zero-filled, {summary.RepeatedShareOfResidentPages:P1} one repeated word,"
                    + $" {summary.DataShareOfResidentPages:P1} other data"
                : "no resident page was seen",
            $"cost: {summary.RecorderCpuTime.TotalSeconds:N2} s of CPU time ({summary.StartCpuTime.TotalMilliseconds:N0} ms to start"
                + (summary.CompilationTime > TimeSpan.Zero ? $", compiling took {summary.CompilationTime.TotalMilliseconds:N0} ms" : "")
                + $"), {summary.RecorderCpuShare:P2} of one core"
                + (summary.CpuBudget is { } budget ? $" (budget {budget:P2})" : "") + $", longest scan {summary.LongestScan.TotalMilliseconds:N0} ms"
                + (summary.ScansStretched > 0 ? $"; {summary.ScansStretched:N0} scans waited to keep the budget" : "")
                + (summary.ScansSkipped > 0 ? $", {summary.ScansSkipped:N0} scans skipped because the ones before took too long: a longer --interval tells the truth" : ""),
        };
        if (summary.RecorderCpuShare > summary.CpuBudget)
        {
            lines.Add("over the budget: " + (summary.CompilationTime > summary.RecorderCpuTime / 2
                ? "most of it compiled the program while it ran; record longer, or with fleet-recorder, which is compiled already"
                : "starting and a first look took more than it allows in so short a time; record longer, or a smaller --sample"));
        }

        if (summary is { Scans: 1, ScansStretched: > 0, End: RecordingEnd.DurationReached })
            lines.Add("one scan only, which tells no change: the budget had no room for a second; record longer, or allow more with --cpu-budget");
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
}
