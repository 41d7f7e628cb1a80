using System.Text.Json;
using System.Text.Json.Nodes;
using FleetEstimator.Recorder.Calibration;

namespace FleetEstimator.Cli;

/// <summary>How far the model agrees with this machine's kernel, printed.</summary>
internal static class KernelComparisonText
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal static int Run(ComparisonOptions options, bool asJson, TextWriter output, TextWriter error, CancellationToken interrupt)
    {
        var families = KernelComparison.Run(options, new Progress(error), interrupt);
        output.Write(asJson ? ToJson(families).ToJsonString(Indented) + "\n" : ToText(families));
        return families.All(family => family.Agrees) ? ExitCode.Done : ExitCode.Failed;
    }

    private static JsonObject ToJson(IReadOnlyList<FamilyComparison> families) => new()
    {
        ["families"] = new JsonArray([.. families.Select(family => (JsonNode)new JsonObject
        {
            ["family"] = family.Family,
            ["mechanism"] = family.Mechanism,
            ["scenarios"] = family.Scenarios.Count,
            ["scenarios_compared"] = family.Scenarios.Count(scenario => scenario.Compared > 0),
            ["steps"] = family.Scenarios.Sum(scenario => scenario.Steps),
            ["steps_compared"] = family.Scenarios.Sum(scenario => scenario.Compared),
            ["steps_equal"] = family.Scenarios.Sum(scenario => scenario.Equal),
            ["differences"] = new JsonArray([.. family.Scenarios.Select(scenario => scenario.Difference).OfType<Traces.KernelTruth.Difference>().Select(difference => (JsonNode)new JsonObject
            {
                ["scenario"] = difference.Scenario,
                ["where"] = difference.Where,
                ["field"] = difference.Field,
                ["model"] = difference.Expected,
                ["kernel"] = difference.Actual,
            })]),
            ["unavailable"] = new JsonArray([.. Unavailable(family).Select(group => (JsonNode)new JsonObject { ["what"] = group.Key, ["scenarios"] = group.Count() })]),
        })]),
    };

    private static string ToText(IReadOnlyList<FamilyComparison> families)
    {
        var text = new StringWriter { NewLine = "\n" };
        text.WriteLine($"{"",2}{"family",-19} {"scenarios",10} {"steps",7} {"compared",9} {"equal",7}   model: {families[0].Mechanism}");
        foreach (var family in families)
        {
            var compared = family.Scenarios.Sum(scenario => scenario.Compared);
            text.WriteLine($"{(compared == 0 ? "-" : family.Agrees ? "✓" : "✗"),-2}{family.Family,-19} {family.Scenarios.Count,10} {family.Scenarios.Sum(scenario => scenario.Steps),7} {compared,9} "
                + $"{family.Scenarios.Sum(scenario => scenario.Equal),7}");
        }

        foreach (var family in families.Where(family => !family.Agrees))
        {
            text.WriteLine();
            text.WriteLine($"{family.Family}: first difference of each scenario");
            foreach (var difference in family.Scenarios.Select(scenario => scenario.Difference).OfType<Traces.KernelTruth.Difference>())
            {
                text.WriteLine($"  {difference.Scenario}, {difference.Where}: {difference.Field}");
                text.WriteLine($"    model  {difference.Expected}");
                text.WriteLine($"    kernel {difference.Actual}");
            }
        }

        var missing = families.SelectMany(family => Unavailable(family).Select(group => $"  {family.Family}, {group.Count()} of {family.Scenarios.Count} scenarios: {group.Key}")).ToList();
        if (missing.Count > 0)
        {
            text.WriteLine();
            text.WriteLine("Unavailable; the scenario ends before it:");
            missing.ForEach(text.WriteLine);
        }

        return text.ToString();
    }

    private static IEnumerable<IGrouping<string, ScenarioComparison>> Unavailable(FamilyComparison family) =>
        family.Scenarios.Where(scenario => scenario.Unavailable is not null).GroupBy(scenario => scenario.Unavailable!);

    private sealed class Progress(TextWriter error) : IProgress<ScenarioComparison>
    {
        private readonly bool _isOnTerminal = !Console.IsErrorRedirected;

        public void Report(ScenarioComparison value)
        {
            if (_isOnTerminal)
                error.Write($"\r\u001b[K{value.Scenario}: {value.Equal} of {value.Compared} steps\r");
        }
    }
}
