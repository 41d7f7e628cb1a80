using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator ingest</c>: checks traces and adds them to a store.</summary>
internal static class IngestCommand
{
    private const string CountersSuffix = ".counters.jsonl";

    internal static Command Create()
    {
        var files = new Argument<string[]>("FILE|PATTERN")
        {
            Description = "Traces; * stands for any characters of a name, ** for any number of folders. X.counters.jsonl beside X.arrow goes with it.",
            Arity = ArgumentArity.OneOrMore,
        };
        var store = new Option<string>("--store") { Description = "Folder of the store; made if it does not exist.", HelpName = "DIR", Required = true };
        var @class = new Option<string?>("--class") { Description = "The class of nodes that the traces stand for: short for --label class=NAME.", HelpName = "NAME" };
        var labels = new Option<string[]>("--label") { Description = "A label for the catalogue, over the trace's own; may be repeated.", HelpName = "NAME=VALUE" };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new Command("ingest", "Check traces and add them to a trace store. Files that are refused leave nothing behind; the others go in (exit code 3).")
        {
            files, store, @class, labels, json,
        };
        command.Validators.Add(result => LabelText.Check(result.GetValue(labels), result.AddError));
        command.SetAction((parsed, interrupt) =>
        {
            var given = LabelText.Parse(parsed.GetValue(labels));
            if (parsed.GetValue(@class) is { } name)
                given[CatalogueEntry.ClassLabel] = name;
            return Task.FromResult(CommandErrors.Report("ingest", parsed.InvocationConfiguration.Error, () =>
                Run(parsed.GetValue(files)!, parsed.GetValue(store)!, given, parsed.GetValue(json), parsed.InvocationConfiguration, interrupt)));
        });
        return command;
    }

    private static int Run(
        string[] patterns, string storeFolder, Dictionary<string, string> labels, bool asJson, InvocationConfiguration console, CancellationToken interrupt)
    {
        var outcomes = new List<IngestOutcome>();
        var paths = Find(patterns, outcomes);
        var failure = paths.Count > 0 ? Ingest(paths, storeFolder, labels, outcomes, console.Error, interrupt) : null;
        console.Output.WriteLine(asJson ? ToJson(outcomes, storeFolder) : ToText(outcomes, labels));
        if (failure is not null)
        {
            console.Error.WriteLine($"ingest: {failure}. What is listed is in the store: make room or make it writable, and run the same command again for the rest.");
            return ExitCode.Failed;
        }

        if (interrupt.IsCancellationRequested)
        {
            console.Error.WriteLine("interrupted: what is listed is in the store. Run the same command again for the rest.");
            return ExitCode.Interrupted;
        }

        return outcomes.Exists(outcome => outcome.Refusal is not null) ? ExitCode.BadInput : ExitCode.Done;
    }

    /// <summary>Adds files one after the other until all are done or it is interrupted. What stopped it, or null.</summary>
    private static string? Ingest(
        List<string> paths, string storeFolder, Dictionary<string, string> labels, List<IngestOutcome> outcomes, TextWriter error, CancellationToken interrupt)
    {
        var ingest = new TraceIngest(TraceStore.OpenOrCreate(storeFolder), TimeProvider.System);
        error.WriteLine($"ingesting {paths.Count:N0} files into {storeFolder}");
        foreach (var path in paths)
        {
            if (interrupt.IsCancellationRequested)
                break;
            try
            {
                outcomes.Add(ingest.Add(path, labels));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return $"the store cannot be written: {exception.Message.TrimEnd('.')}. {path} was not added, nor what comes after it";
            }
        }

        return null;
    }

    private static List<string> Find(string[] patterns, List<IngestOutcome> outcomes)
    {
        var paths = new List<string>();
        foreach (var pattern in patterns)
        {
            try
            {
                // A counters file goes in with the trace it stands beside.
                paths.AddRange(RecordingSet.Match(Directory.GetCurrentDirectory(), pattern)
                    .Where(path => !path.EndsWith(CountersSuffix, StringComparison.Ordinal) || pattern.EndsWith(CountersSuffix, StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal));
            }
            catch (TraceException exception)
            {
                outcomes.Add(new(pattern, null, IsNew: false, exception));
            }
        }

        var here = Directory.GetCurrentDirectory() + Path.DirectorySeparatorChar;
        return [.. paths.Distinct(StringComparer.Ordinal).Select(path => path.StartsWith(here, StringComparison.Ordinal) ? path[here.Length..] : path)];
    }

    private static string ToText(List<IngestOutcome> outcomes, Dictionary<string, string> labels)
    {
        var text = new StringWriter { NewLine = "\n" };
        var taken = outcomes.Where(outcome => outcome.Entry is not null).ToList();
        if (taken.Count > 0)
        {
            var table = new ColumnText(("", false), ("digest", false), ("class", false), ("node", false), ("rows", true), ("stored", true), ("file", false));
            foreach (var outcome in taken)
            {
                var entry = outcome.Entry!;
                table.Row(What(outcome), StoreText.Short(entry), entry.Class ?? "-", entry.Node, $"{entry.Rows:N0}", StoreText.Size(entry.StoredBytes), outcome.Path);
            }

            text.WriteLine(table);
            foreach (var other in taken.Where(outcome => outcome.LateCounters == LateCounters.OthersKept))
                text.WriteLine($"{other.Path} keeps the counters it has in the store, not those beside it; to change them remove {StoreText.Short(other.Entry!)} first.");
            foreach (var other in taken.Where(outcome => !outcome.IsNew && labels.Any(label => outcome.Entry!.Labels.GetValueOrDefault(label.Key) != label.Value)))
                text.WriteLine($"{other.Path} keeps the labels it has in the store; to change them remove {StoreText.Short(other.Entry!)} first.");
        }

        var refused = outcomes.Where(outcome => outcome.Refusal is not null).Select(outcome => outcome.Refusal!).ToList();
        if (refused.Count > 0)
        {
            text.WriteLine(taken.Count > 0 ? "\nrefused:" : "refused:");
            foreach (var refusal in refused)
                text.WriteLine($"  {refusal.Message}");
        }

        text.WriteLine($"{(taken.Count + refused.Count > 1 ? "\n" : "")}{taken.Count(outcome => outcome.IsNew):N0} added, {taken.Count(outcome => !outcome.IsNew):N0} already there, {refused.Count:N0} refused");
        return text.ToString().TrimEnd('\n');

        static string What(IngestOutcome outcome) =>
            outcome.IsNew ? "added" : outcome.LateCounters == LateCounters.Added ? "counters added" : "already there";
    }

    private static string ToJson(List<IngestOutcome> outcomes, string store)
    {
        var result = new
        {
            store,
            added = outcomes.Where(outcome => outcome.IsNew).Select(Taken),
            already_there = outcomes.Where(outcome => outcome is { IsNew: false, Entry: not null }).Select(Taken),
            refused = outcomes.Where(outcome => outcome.Refusal is not null).Select(outcome => new
            {
                file = outcome.Refusal!.FilePath,
                row = outcome.Refusal.Row,
                field = outcome.Refusal.Field,
                problem = outcome.Refusal.Problem,
                remedy = outcome.Refusal.Remedy,
            }),
        };
        return JsonSerializer.Serialize(result, StoreText.Json);

        static object Taken(IngestOutcome outcome) => new
        {
            file = outcome.Path,
            entry = outcome.Entry,
            counters_added = outcome.LateCounters == LateCounters.Added,
            other_counters_kept = outcome.LateCounters == LateCounters.OthersKept,
        };
    }
}
