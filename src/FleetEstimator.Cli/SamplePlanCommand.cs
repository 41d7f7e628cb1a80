using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FleetEstimator.Cli.Sampling;
using FleetEstimator.Estimation;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator sample-plan</c>: which nodes of a fleet to record.</summary>
internal static class SamplePlanCommand
{
    internal static Command Create()
    {
        var inventory = new Argument<string>("INVENTORY") { Description = "The fleet: CSV with a header, or Parquet; columns node, class, memory, optionally kernel, swap, cost." };
        var precision = Share("--precision", "Half the width of the fleet's interval as a share of the estimate, such as 5%.");
        var level = Share("--level", "Level of the interval; default 95%.");
        var metric = new Option<string?>("--metric") { Description = $"What is to be that precise. From recordings: {string.Join(", ", RecordingFigures.Metrics)} (the first is the default); from a report any total; default memory_mean.", HelpName = "METRIC" };
        var recordings = new Option<string[]>("--recordings") { Description = "Recordings to learn the variation from: folders of trace stores, or patterns; their label class says which class they are of.", HelpName = "STORE|PATTERN" };
        var report = new Option<string?>("--report") { Description = "Result of an earlier study (its folder or report.json) to learn the variation from.", HelpName = "DIR" };
        var mechanism = new Option<string>("--mechanism") { Description = "With --report: the mechanism.", HelpName = "NAME", DefaultValueFactory = _ => "linux-6.12" };
        var against = new Option<string?>("--against") { Description = "With --report: plan for the difference to this mechanism.", HelpName = "NAME" };
        var assumed = Share("--assumed-variation", "Standard deviation between recordings by their mean, where none was seen; default 50%.");
        var least = new Option<int?>("--least") { Description = "Fewest recordings of a class; default 3, below which a study gives no interval.", HelpName = "N" };
        var finite = new Option<bool>("--finite-population") { Description = "Apply the finite population correction: right only if nothing but the time recorded is of interest; studies do not." };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the draw.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var output = new Option<string?>("--out", "-o") { Description = "Write the nodes drawn as CSV: node, class, probability, weight. It must not exist.", HelpName = "FILE.csv" };
        var study = new Option<string?>("--study") { Description = "Write a study of the fleet over these recordings. It must not exist.", HelpName = "FILE.yaml" };
        var store = new Option<string>("--store") { Description = "With --study: the trace store it reads, relative to the study.", HelpName = "DIR", DefaultValueFactory = _ => "traces" };
        var json = new Option<bool>("--json") { Description = "Print the plan as JSON." };
        var command = new Command("sample-plan", "Recommend how many nodes of which class to record for a wanted precision, and draw them.")
        {
            inventory, precision, level, metric, recordings, report, mechanism, against, assumed, least, finite, seed, output, study, store, json,
        };
        precision.Required = true;
        command.Validators.Add(result =>
        {
            if (result.GetValue(recordings) is { Length: > 0 } && result.GetValue(report) is not null)
                result.AddError("Give --recordings or --report, not both.");
            if (result.GetValue(least) is < 1)
                result.AddError("--least: give a number of recordings, 1 or more.");
            if (result.GetValue(level) is { } given && given is < StudyDefinition.LeastLevel or > StudyDefinition.MostLevel)
                result.AddError("--level: give a level from 50% to 99.9%.");
        });
        command.SetAction(async (parsed, _) =>
        {
            var console = parsed.InvocationConfiguration;
            try
            {
                var options = new Options(
                    parsed.GetValue(inventory)!, new SampleTarget(parsed.GetValue(precision)!.Value, parsed.GetValue(level) ?? 0.95) { LeastPerClass = parsed.GetValue(least) ?? 3, FinitePopulation = parsed.GetValue(finite) },
                    parsed.GetValue(metric), parsed.GetValue(recordings) ?? [], parsed.GetValue(report), parsed.GetValue(mechanism)!, parsed.GetValue(against), parsed.GetValue(assumed) ?? 0.5,
                    parsed.GetValue(seed), parsed.GetValue(output), parsed.GetValue(study), parsed.GetValue(store)!, parsed.GetValue(json));
                return await Run(options, console);
            }
            catch (InventoryException exception)
            {
                console.Error.WriteLine($"sample-plan: {exception.Message}");
                return ExitCode.BadInput;
            }
            catch (TraceException exception)
            {
                console.Error.WriteLine($"sample-plan: {exception.Message}");
                return ExitCode.BadInput;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                console.Error.WriteLine($"sample-plan: {exception.Message}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static async Task<int> Run(Options options, InvocationConfiguration console)
    {
        if (new[] { options.Output, options.Study }.FirstOrDefault(Path.Exists) is { } there)
        {
            console.Error.WriteLine($"sample-plan: {there} exists already. Delete it or choose another name.");
            return ExitCode.WrongUsage;
        }

        var metric = options.Metric ?? (options.Report is null ? RecordingFigures.Metrics[0] : "memory_mean");
        if (options.Report is null ? !RecordingFigures.Metrics.Contains(metric) : Metric.Find(metric) is not { IsShare: false })
        {
            console.Error.WriteLine($"sample-plan: --metric {metric}: give one of {string.Join(", ", options.Report is null ? RecordingFigures.Metrics : Metric.All.Where(known => !known.IsShare).Select(known => known.Name))}.");
            return ExitCode.WrongUsage;
        }

        var inventory = await InventoryFile.ReadAsync(options.Inventory);
        var frame = inventory.Classes.Select(@class => (@class.Class, (long)@class.Nodes.Count)).ToList();
        var classes = WithCosts(Seen(options, metric, frame, console.Error), inventory);
        if (classes.Sum(planned => planned.Nodes * planned.Mean) == 0)
            throw new InventoryException(options.Inventory, null, null, $"what was seen of {metric} is 0 everywhere, and a share of nothing is no precision", "plan for another metric");
        var allocation = SamplePlanner.Allocate(classes, options.Target);
        var plan = SamplePlan.Draw(inventory, classes, allocation, options.Target, metric, options.Seed);
        if (options.Output is { } output)
            WriteNew(output, plan.ToCsv());
        if (options.Study is { } study)
            WriteNew(study, StudySkeleton.Write("sample-plan", inventory, options.Store, options.Target.Level, options.Seed));
        console.Output.WriteLine(options.Json ? JsonSerializer.Serialize(plan, StoreText.Json) : plan.ToText());
        return ExitCode.Done;
    }

    private static IReadOnlyList<PlannedClass> Seen(Options options, string metric, List<(string Class, long Nodes)> frame, TextWriter error)
    {
        if (options.Report is { } report)
        {
            var seen = ReportFigures.Read(report, frame, metric, options.Mechanism, options.Against).ToDictionary(planned => planned.Name, StringComparer.Ordinal);
            return SeenVariation.WithAssumptions([.. frame.Select(planned => seen.GetValueOrDefault(planned.Class) ?? new(planned.Class, planned.Nodes, 0, 0))], options.AssumedVariation);
        }

        var patterns = options.Recordings.Select(given => File.Exists(Path.Combine(given, TraceStore.MarkerKey)) ? StorePattern.Of(given) : given).ToList();
        var found = patterns.Count == 0 ? [] : RecordingSet.Find(Directory.GetCurrentDirectory(), patterns).Recordings;
        if (found.Count > 0)
            error.WriteLine($"replaying {found.Count:N0} recordings");
        var figures = RecordingFigures.Of(found, metric, recording => error.WriteLine($"{recording.Node} has no label class, and is left out."));
        foreach (var other in figures.Select(figure => figure.Class).Except(frame.Select(planned => planned.Class)))
            error.WriteLine($"recordings of class {other} are left out: no node of the inventory is of that class.");
        return SeenVariation.Of(frame, figures, options.AssumedVariation);
    }

    private static List<PlannedClass> WithCosts(IReadOnlyList<PlannedClass> classes, Inventory inventory)
    {
        var costs = inventory.Classes.ToDictionary(@class => @class.Class, @class => @class.Nodes.Average(node => node.Cost), StringComparer.Ordinal);
        return [.. classes.Select(planned => planned with { Cost = costs[planned.Name] })];
    }

    private static void WriteNew(string path, string text)
    {
        var partial = path + ".partial";
        try
        {
            File.WriteAllText(partial, text);
            File.Move(partial, path, overwrite: false);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static Option<double?> Share(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SHARE",
        CustomParser = result =>
        {
            var text = result.Tokens[^1].Value;
            if (Percentage.TryParse(text, out var share) || double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out share))
            {
                if (share > 0)
                    return share;
            }

            result.AddError($"{name} {text}: give a share above 0%, such as 5%.");
            return null;
        },
    };

    private sealed record Options(
        string Inventory, SampleTarget Target, string? Metric, string[] Recordings, string? Report, string Mechanism, string? Against, double AssumedVariation,
        ulong Seed, string? Output, string? Study, string Store, bool Json);
}
