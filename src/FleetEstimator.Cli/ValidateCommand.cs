using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator validate</c>: holds the paging model against what real kernels did.</summary>
internal static class ValidateCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal static Command Create()
    {
        var truth = new Option<string>("--truth") { Description = "Folder of *.jsonl files with scenarios and what kernels did.", HelpName = "DIR", Required = true };
        var show = new Option<string?>("--show") { Description = "Show how one scenario goes in the model, operation by operation.", HelpName = "SCENARIO" };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new Command("validate", "Replay recorded scenarios and compare the paging model with real kernels, step by step.") { truth, show, json };
        command.SetAction(parsed =>
        {
            try
            {
                if (parsed.GetValue(show) is { } name)
                {
                    Console.Out.Write(ScenarioText.Of(Validation.Find(parsed.GetValue(truth)!, name)));
                    return ExitCode.Done;
                }

                var families = Validation.Run(parsed.GetValue(truth)!);
                Console.Out.Write(parsed.GetValue(json) ? ToJson(families).ToJsonString(Indented) + "\n" : ToText(families));
                return families.All(family => family.Passes) ? ExitCode.Done : ExitCode.Failed;
            }
            catch (ScenarioException exception)
            {
                Console.Error.WriteLine(exception.Message);
                return ExitCode.BadInput;
            }
        });
        return command;
    }

    private static JsonObject ToJson(IReadOnlyList<FamilyValidation> families) => new()
    {
        ["families"] = new JsonArray([.. families.Select(ToJson)]),
    };

    private static JsonObject ToJson(FamilyValidation family)
    {
        var json = new JsonObject { ["family"] = family.Family, ["kernel"] = family.Kernel, ["scenarios"] = family.Scenarios };
        switch (family)
        {
            case ExactValidation exact:
                json["scenarios_exact"] = exact.ScenariosExact;
                json["steps"] = exact.Steps;
                json["steps_exact"] = exact.StepsExact;
                break;
            case PressureValidation pressure:
                json["totals_within"] = pressure.TotalsWithin;
                break;
        }

        json["required"] = family.Required;
        if (family.Unsupported is { } what)
        {
            json["unsupported"] = true;
            json["unsupported_because"] = what;
        }

        if (family.Differences.Count > 0)
        {
            json["differences"] = new JsonArray([.. family.Differences.Select(difference => new JsonObject
            {
                ["scenario"] = difference.Scenario,
                ["where"] = difference.Where,
                ["field"] = difference.Field,
                ["expected"] = difference.Expected,
                ["actual"] = difference.Actual,
            })]);
        }

        return json;
    }

    private static string ToText(IReadOnlyList<FamilyValidation> families)
    {
        var text = new StringWriter { NewLine = "\n" };
        text.WriteLine($"{"",2}{"family",-19} {"kernel",-30} {"matched",-24} {"required",8}");
        foreach (var family in families)
            text.WriteLine($"{Sign(family),2}{family.Family,-19} {family.Kernel,-30} {Matched(family),-24} {family.Required,8:P0}");

        foreach (var family in families.Where(family => family.Differences.Count > 0))
        {
            text.WriteLine();
            text.WriteLine($"{family.Family} on {family.Kernel}: first difference of each scenario that fails");
            foreach (var difference in family.Differences)
            {
                text.WriteLine($"  {difference.Scenario}, {difference.Where}: {difference.Field}");
                text.WriteLine($"    expected {difference.Expected}");
                text.WriteLine($"    actual   {difference.Actual}");
            }
        }

        text.WriteLine();
        var passed = families.Count(family => family.Passes);
        var unsupported = families.Count(family => family.Unsupported != null);
        text.WriteLine($"{passed} of {families.Count} families and kernels reach what they must; {families.Count - passed - unsupported} fall short, {unsupported} are not covered by the model yet.");
        return text.ToString();
    }

    private static string Sign(FamilyValidation family) => family.Passes ? "✓ " : family.Unsupported is null ? "✗ " : "- ";

    private static string Matched(FamilyValidation family) => family switch
    {
        { Unsupported: { } what } => $"not covered: {what}",
        ExactValidation exact => $"{exact.StepsExact} of {exact.Steps} steps",
        PressureValidation pressure => $"{pressure.TotalsWithin} of {pressure.Scenarios} scenarios",
        _ => throw new InvalidOperationException($"A family of an unknown kind, {family.GetType().Name}."),
    };
}
