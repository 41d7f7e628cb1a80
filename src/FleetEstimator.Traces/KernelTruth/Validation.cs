using FleetEstimator.Paging;

namespace FleetEstimator.Traces.KernelTruth;

/// <summary>How far the model agrees with one kernel on one family of scenarios.</summary>
/// <param name="Family">The family.</param>
/// <param name="Kernel">The kernel.</param>
/// <param name="Scenarios">Scenarios this kernel ran.</param>
/// <param name="Required">Share of steps (or, in a pressure family, of scenarios) that must agree, in [0, 1].</param>
public abstract record FamilyValidation(string Family, string Kernel, int Scenarios, double Required)
{
    /// <summary>What of the family the model does not cover yet; null if it covers all of it.</summary>
    public string? Unsupported { get; init; }

    /// <summary>Scenarios that disagree, each with its first difference.</summary>
    public required IReadOnlyList<Difference> Differences { get; init; }

    /// <summary>Whether enough agrees.</summary>
    public abstract bool Passes { get; }
}

/// <summary>A family whose every step is compared.</summary>
public sealed record ExactValidation(string Family, string Kernel, int Scenarios, int ScenariosExact, int Steps, int StepsExact, double Required)
    : FamilyValidation(Family, Kernel, Scenarios, Required)
{
    /// <inheritdoc/>
    public override bool Passes => Unsupported is null && StepsExact >= Required * Steps;
}

/// <summary>A family under memory pressure, whose totals are compared.</summary>
public sealed record PressureValidation(string Family, string Kernel, int Scenarios, int TotalsWithin, double Required)
    : FamilyValidation(Family, Kernel, Scenarios, Required)
{
    /// <inheritdoc/>
    public override bool Passes => Unsupported is null && TotalsWithin >= Required * Scenarios;
}

/// <summary>The first thing on which model and kernel disagree in a scenario.</summary>
/// <param name="Scenario">Name of the scenario.</param>
/// <param name="Where">The operation, or the total.</param>
/// <param name="Field">What differs.</param>
/// <param name="Expected">What the kernel did.</param>
/// <param name="Actual">What the model did.</param>
public sealed record Difference(string Scenario, string Where, string Field, string Expected, string Actual);

/// <summary>Holds the paging model against kernel truth.</summary>
public static class Validation
{
    // Totals agree within this share of the recorded median, or inside the recorded range.
    private const double TotalTolerance = 0.10;

    /// <summary>Replays every scenario of every <c>*.jsonl</c> file of a folder. Families in order of name, kernels in order of name.</summary>
    /// <exception cref="ScenarioException">The folder holds no scenario file, or one is wrong.</exception>
    public static IReadOnlyList<FamilyValidation> Run(string truthFolder)
    {
        var scenarios = Load(truthFolder);
        return [.. from scenario in scenarios
            from kernel in scenario.Kernels
            group (scenario, kernel.Value) by (scenario.Family, Kernel: kernel.Key) into family
            orderby family.Key.Family, family.Key.Kernel
            select Validate(family.Key.Family, family.Key.Kernel, [.. family])];
    }

    /// <summary>The scenario of that name, which may be written <c>FAMILY/NAME</c>, in the files of a folder.</summary>
    /// <exception cref="ScenarioException">There is none, or several families have one.</exception>
    public static Scenario Find(string truthFolder, string name) =>
        Load(truthFolder).Where(scenario => scenario.Name == name || scenario.ToString() == name).ToList() switch
        {
            [var scenario] => scenario,
            [] => throw new ScenarioException(truthFolder, null, null, $"no scenario is called {name}", "Give the name of a scenario in one of the folder's files"),
            var several => throw new ScenarioException(truthFolder, null, null, $"several families have a scenario {name}",
                $"Give one of {string.Join(", ", several)}"),
        };

    /// <summary>The scenarios of every <c>*.jsonl</c> file of a folder.</summary>
    /// <exception cref="ScenarioException">The folder holds no scenario file, or one is wrong.</exception>
    public static IReadOnlyList<Scenario> Load(string truthFolder)
    {
        if (!Directory.Exists(truthFolder))
            throw new ScenarioException(truthFolder, null, null, "there is no such folder", "Give a folder of *.jsonl scenario files with --truth");
        var files = Directory.GetFiles(truthFolder, "*.jsonl");
        if (files.Length == 0)
            throw new ScenarioException(truthFolder, null, null, "the folder holds no *.jsonl file", "Give a folder of *.jsonl scenario files with --truth");
        return [.. files.Order(StringComparer.Ordinal).SelectMany(Scenario.Load)];
    }

    private static FamilyValidation Validate(string family, string kernel, List<(Scenario Scenario, KernelRecord Record)> scenarios)
    {
        var unsupported = ModelReplay.Unsupported(kernel);
        return scenarios[0].Record is KernelTotals
            ? ValidateTotals(family, kernel, scenarios, unsupported)
            : ValidateSteps(family, kernel, scenarios, unsupported);
    }

    private static ExactValidation ValidateSteps(string family, string kernel, List<(Scenario Scenario, KernelRecord Record)> scenarios, string? unsupported)
    {
        var (exactScenarios, steps, exactSteps) = (0, 0, 0);
        var differences = new List<Difference>();
        Simulator? guest = null;
        Guest? settings = null;
        foreach (var (scenario, record) in scenarios)
        {
            var expected = ((KernelSteps)record).Steps;
            steps += expected.Count;
            if (unsupported != null)
                continue;

            // The guests ran the scenarios of a file one after the other: what slots a scenario is given depends on those before it.
            if (guest is null || scenario.Guest != settings)
                (guest, settings) = (ModelReplay.Boot(scenario.Guest, [kernel]), scenario.Guest);
            var actual = ModelReplay.Run(guest, scenario)[0];
            var exact = 0;
            while (exact < expected.Count && FirstDifference(expected[exact], actual[exact]) is null)
                exact++;
            exactSteps += exact;
            if (exact == expected.Count)
            {
                exactScenarios++;
                continue;
            }

            var (field, want, got) = FirstDifference(expected[exact], actual[exact])!.Value;
            differences.Add(new Difference(scenario.Name, $"operation {exact + 1} \"{scenario.Operations[exact]}\"", field, want, got));
        }

        return new ExactValidation(family, kernel, scenarios.Count, exactScenarios, steps, exactSteps, RequiredSteps(family))
        {
            Unsupported = unsupported,
            Differences = differences,
        };
    }

    private static PressureValidation ValidateTotals(string family, string kernel, List<(Scenario Scenario, KernelRecord Record)> scenarios, string? unsupported)
    {
        var within = 0;
        var differences = new List<Difference>();
        foreach (var (scenario, record) in unsupported is null ? scenarios : [])
        {
            var expected = (KernelTotals)record;
            var steps = ModelReplay.Run(scenario, [kernel], expected.OverheadPages)[0];
            if (FirstTotalOutside(expected, steps) is { } difference)
                differences.Add(difference with { Scenario = scenario.Name });
            else
                within++;
        }

        return new PressureValidation(family, kernel, scenarios.Count, within, Required: 0.9) { Unsupported = unsupported, Differences = differences };
    }

    // The per-CPU batch of asynchronous write-back is left out of the model. Slots are not, but a file of scenarios from the midst of a guest's life starts
    // with slots the model cannot know.
    private static double RequiredSteps(string family) =>
        family.StartsWith("anon-ssd", StringComparison.Ordinal) || family == "named-ssd" ? 0.85
        : family == "mthp64-zram-swapin" ? 0.75
        : 1;

    /// <summary>The first field in which two steps differ, counters first; null if they are alike.</summary>
    public static (string Field, string Expected, string Actual)? FirstDifference(KernelStep expected, KernelStep actual)
    {
        foreach (var counter in KernelStep.CounterNames)
        {
            if (expected[counter] != actual[counter])
                return (counter, $"{expected[counter]}", $"{actual[counter]}");
        }

        if (expected.Errno != actual.Errno)
            return ("errno", $"{expected.Errno}", $"{actual.Errno}");
        if (expected.Frames != actual.Frames)
            return ("frames", $"{expected.Frames}", $"{actual.Frames}");
        foreach (var region in expected.Pages.Keys.Union(actual.Pages.Keys).OrderBy(region => (region.Worker, region.Region)))
        {
            var (want, got) = (expected.Pages.GetValueOrDefault(region), actual.Pages.GetValueOrDefault(region));
            if (want != got)
                return ($"pages {region}", want?.Code ?? "no such region", got?.Code ?? "no such region");
        }

        return null;
    }

    private static Difference? FirstTotalOutside(KernelTotals expected, IReadOnlyList<KernelStep> steps)
    {
        (string Name, string[] Fields)[] totals =
        [
            ("swap-outs", ["pswpout", "swpout_zero"]),
            ("swap-ins", ["pswpin", "swpin_zero"]),
            ("major faults", ["majflt"]),
        ];
        foreach (var (name, fields) in totals)
        {
            var range = new TotalRange(
                fields.Sum(field => expected[field].Least), fields.Sum(field => expected[field].Median), fields.Sum(field => expected[field].Greatest));
            if (Outside(name, range, steps.Sum(step => fields.Sum(field => step[field]))) is { } difference)
                return difference;
        }

        return Outside("mean frames", expected["frames_mean"], steps.Average(step => step.Frames));
    }

    private static Difference? Outside(string name, TotalRange range, double actual)
    {
        var within = (actual >= range.Least && actual <= range.Greatest) || Math.Abs(actual - range.Median) <= TotalTolerance * range.Median;
        return within ? null : new Difference("", "total", name, $"{range.Median:0.#} ({range.Least:0.#} to {range.Greatest:0.#})", $"{actual:0.#}");
    }
}
