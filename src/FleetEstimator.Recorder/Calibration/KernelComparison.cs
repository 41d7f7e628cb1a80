using FleetEstimator.Paging;
using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>What to compare, and how.</summary>
public sealed record ComparisonOptions
{
    /// <summary>Folder of scenario files.</summary>
    public required string ScenarioFolder { get; init; }

    /// <summary>Only this family; null: all.</summary>
    public string? Family { get; init; }

    /// <summary>What starts a worker: program and first arguments; those of <see cref="ScenarioWorker.Run"/> follow.</summary>
    public required IReadOnlyList<string> WorkerCommand { get; init; }

    /// <summary>Whether zswap's parameter may be written, which the kernel remembers until it restarts.</summary>
    public bool MayWriteZswap { get; init; }

    /// <summary>Where the journal of changed settings is kept; another folder than the default is for tests.</summary>
    public string StateFolder { get; init; } = CalibrationOptions.DefaultStateFolder;
}

/// <summary>One scenario: how far model and kernel went together.</summary>
/// <param name="Scenario">Its name.</param>
/// <param name="Steps">Operations it has.</param>
/// <param name="Compared">Operations that the kernel did and that were compared.</param>
/// <param name="Equal">Of these, those before the first difference.</param>
/// <param name="Difference">The first difference: expected is what the model did, actual what the kernel did. Null if there is none.</param>
/// <param name="Unavailable">What ended the scenario early, or kept it from being run; null if it went to its end.</param>
public sealed record ScenarioComparison(string Scenario, int Steps, int Compared, int Equal, Difference? Difference, string? Unavailable);

/// <summary>The scenarios of one family.</summary>
public sealed record FamilyComparison(string Family, string Mechanism, IReadOnlyList<ScenarioComparison> Scenarios)
{
    /// <summary>Whether everything that could be compared agrees.</summary>
    public bool Agrees => Scenarios.All(scenario => scenario.Difference is null);
}

/// <summary>Runs scenarios on this machine's own kernel and in the model, and compares them step by step.</summary>
public static class KernelComparison
{
    private const int RunsMax = 3;

    /// <summary>Compares. Settings are as before when this returns or throws.</summary>
    /// <param name="options">What to compare.</param>
    /// <param name="progress">Receives each scenario that is done.</param>
    /// <param name="interrupt">Ends the comparison after the current scenario.</param>
    /// <exception cref="CalibrationException">This machine cannot run scenarios at all.</exception>
    /// <exception cref="ScenarioException">The folder holds no scenario file, or one is wrong.</exception>
    public static IReadOnlyList<FamilyComparison> Run(ComparisonOptions options, IProgress<ScenarioComparison>? progress, CancellationToken interrupt)
    {
        ArgumentNullException.ThrowIfNull(options);
        var mechanism = Mechanism.OfKernel(LinuxMachine.KernelRelease).Name;
        var scenarios = Validation.Load(options.ScenarioFolder).Where(scenario => options.Family is null || scenario.Family == options.Family).ToList();
        if (scenarios.Count == 0)
            throw new ScenarioException(options.ScenarioFolder, null, null, $"no scenario is of the family {options.Family}", "Leave --family out, or give the name of a file without .jsonl");
        // What a killed run left is put right before this machine is looked at.
        BorrowedMachine.Take(options.StateFolder, out _).Dispose();
        var results = new Dictionary<Scenario, ScenarioComparison>(ReferenceEqualityComparer.Instance);
        foreach (var scenario in scenarios)
        {
            interrupt.ThrowIfCancellationRequested();
            results[scenario] = GuestSettings.Unavailable(scenario.Guest, options.MayWriteZswap) is { } what
                ? new ScenarioComparison(scenario.Name, scenario.Operations.Count, 0, 0, null, what)
                : Compare(scenario, mechanism, options);
            progress?.Report(results[scenario]);
        }

        return [.. from scenario in scenarios group results[scenario] by scenario.Family into family orderby family.Key select new FamilyComparison(family.Key, mechanism, [.. family])];
    }

    private static ScenarioComparison Compare(Scenario scenario, string mechanism, ComparisonOptions options)
    {
        var first = scenario.Operations.TakeWhile(operation => UnavailableVerb(operation.Verb) is null).ToList();
        var unavailable = first.Count < scenario.Operations.Count ? $"{scenario.Operations[first.Count].Verb.ToString().ToLowerInvariant()}: {UnavailableVerb(scenario.Operations[first.Count].Verb)}" : null;
        var model = ModelReplay.Run(scenario with { Operations = first }, [mechanism])[0];
        IReadOnlyList<KernelStep>? earlier = null;
        var comparable = 0;
        for (var run = 0; run < RunsMax; run++)
        {
            var kernel = RunOnKernel(scenario.Guest, first, options);
            var equal = EqualSteps(model, kernel);
            if (equal == first.Count)
                return new ScenarioComparison(scenario.Name, scenario.Operations.Count, equal, equal, null, unavailable);

            // The machine does other things as well, which a counter may show: what it did twice is its answer.
            comparable = earlier is null ? 0 : EqualSteps(earlier, kernel);
            if (equal < comparable)
            {
                var (field, expected, actual) = Validation.FirstDifference(model[equal], kernel[equal])!.Value;
                var where = $"operation {equal + 1} \"{first[equal]}\"";
                return new ScenarioComparison(scenario.Name, scenario.Operations.Count, first.Count, equal, new Difference(scenario.Name, where, field, expected, actual), unavailable);
            }

            earlier = kernel;
        }

        return new ScenarioComparison(scenario.Name, scenario.Operations.Count, comparable, comparable, null, $"operation {comparable + 1} \"{first[comparable]}\": the kernel does not repeat itself");
    }

    /// <summary>Every run has a swap device of its own: where slots lie depends on all that was swapped out before.</summary>
    private static IReadOnlyList<KernelStep> RunOnKernel(Guest guest, IReadOnlyList<ScenarioOperation> operations, ComparisonOptions options)
    {
        using var machine = BorrowedMachine.Take(options.StateFolder, out _);
        var mailboxes = machine.AddFile($"/dev/shm/fleet-estimator-{Environment.ProcessId}", WorkerMailbox.Bytes * WorkerMailbox.Count);
        GuestSettings.Apply(machine, guest);
        using var run = new ScenarioRun(mailboxes, guest.Swap == Traces.KernelTruth.SwapDevice.Ssd);
        return run.Run(operations, options.WorkerCommand);
    }

    private static int EqualSteps(IReadOnlyList<KernelStep> one, IReadOnlyList<KernelStep> other)
    {
        var equal = 0;
        while (equal < one.Count && Validation.FirstDifference(one[equal], other[equal]) is null)
            equal++;
        return equal;
    }

    private static string? UnavailableVerb(ScenarioVerb verb) => verb switch
    {
        ScenarioVerb.Reclaim => "memory.reclaim needs a memory controller of cgroup v2 and is not run here",
        ScenarioVerb.Limit => "memory.max needs a memory controller of cgroup v2 and is not run here",
        _ => null,
    };
}
