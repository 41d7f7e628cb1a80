using FleetEstimator.Paging;

namespace FleetEstimator.Traces.KernelTruth;

/// <summary>One operation of a scenario as rows of a trace.</summary>
/// <param name="Source">The operation.</param>
/// <param name="Rows">The rows it becomes, in order, all at the step's time; more than one where the pages of a run differ in content.</param>
public sealed record ScenarioStep(ScenarioOperation Source, IReadOnlyList<TraceRow> Rows);

/// <summary>
/// Turns the operations of a scenario into operations of the paging model: workers into processes of the same number, regions into runs on 1 GiB
/// boundaries, and what is written into the content that results, which a trace states and a scenario leaves to arithmetic.
/// </summary>
/// <remarks>
/// Content depends on what the kernel did in one case only: MADV_FREE lets it drop a page. The compiler takes a page that was paged out to be
/// dropped by MADV_FREE, and a page that MADV_FREE marked to be dropped by the next pageout of it or reclaim, unless it was written or locked in
/// between. That holds while a page has one owner and reclaim reaches it, as in every family that uses <c>free</c>.
/// madvise stops at the first locked page, as kernels do; the operation itself is emitted whole, for the model to refuse.
/// </remarks>
public sealed class ScenarioCompiler
{
    // Regions begin above the first 64 GiB: anywhere will do that leaves page 0 unmapped.
    private const int FirstGibibyte = 64;
    private const ulong MicrosecondsPerStep = 1_000_000;

    private readonly Scenario _scenario;
    private readonly Dictionary<int, Dictionary<int, ScenarioPage[]>> _workers = [];
    private readonly List<ScenarioStep> _steps = [];

    private ScenarioCompiler(Scenario scenario) => _scenario = scenario;

    /// <summary>Compiles every operation; the steps stand in the order of <see cref="Scenario.Operations"/>, one each, a second apart from time 0.</summary>
    /// <exception cref="ScenarioException">An operation needs a region or a worker that is not there, or is there already.</exception>
    public static IReadOnlyList<ScenarioStep> Compile(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        var compiler = new ScenarioCompiler(scenario);
        foreach (var operation in scenario.Operations)
            compiler._steps.Add(new(operation, compiler.CompileStep(operation)));
        return compiler._steps;
    }

    /// <summary>First virtual page number of a region, the same in every worker.</summary>
    public static ulong FirstPageOf(int region) => (ulong)(FirstGibibyte + region) * ScenarioSyntax.RegionPagesMax;

    private IReadOnlyList<TraceRow> CompileStep(ScenarioOperation operation)
    {
        switch (operation.Verb)
        {
            case ScenarioVerb.Map:
                Map(operation);
                return Row(OperationKind.Map, operation);
            case ScenarioVerb.Unmap:
                return Unmap(operation);
            case ScenarioVerb.Write:
                foreach (ref var page in RunOf(operation))
                    page.Overwrite(operation.Fill, operation.Argument);
                return Writes(operation);
            case ScenarioVerb.Store:
                foreach (ref var page in RunOf(operation))
                    page.Store((byte)operation.Argument);
                return Writes(operation);
            case ScenarioVerb.Read:
                foreach (ref var page in RunOf(operation))
                    page.Touch();
                return Row(OperationKind.Read, operation);
            case ScenarioVerb.PageOut:
                foreach (ref var page in UnlockedStart(RunOf(operation)))
                    page.PageOut();
                return Row(OperationKind.PageOut, operation);
            case ScenarioVerb.Cold:
                RunOf(operation);
                return Row(OperationKind.Cold, operation);
            case ScenarioVerb.Free:
                foreach (ref var page in UnlockedStart(RunOf(operation)))
                    page.FreeLazily();
                return Row(OperationKind.LazyFree, operation);
            case ScenarioVerb.DontNeed:
                foreach (ref var page in UnlockedStart(RunOf(operation)))
                    page.Drop();
                return Row(OperationKind.Discard, operation);
            case ScenarioVerb.Huge:
                RunOf(operation);
                return Row(OperationKind.Huge, operation);
            case ScenarioVerb.NoHuge:
                RunOf(operation);
                return Row(OperationKind.NoHuge, operation);
            case ScenarioVerb.Lock:
                foreach (ref var page in RunOf(operation))
                {
                    // mlock touches the pages for writing, which takes back MADV_FREE.
                    page.Touch();
                    page.IsLazilyFreed = false;
                    page.IsLocked = true;
                }

                return Row(OperationKind.Lock, operation);
            case ScenarioVerb.Unlock:
                foreach (ref var page in RunOf(operation))
                    page.IsLocked = false;
                return Row(OperationKind.Unlock, operation);
            case ScenarioVerb.Fork:
                Fork(operation);
                return Row(new(OperationKind.Fork, (uint)operation.Worker, operation.Argument, 1));
            case ScenarioVerb.Exit:
                _workers.Remove(operation.Worker);
                return Row(new(OperationKind.Exit, (uint)operation.Worker, 0, 1));
            case ScenarioVerb.Reclaim:
                ReclaimEverything();
                return Row(new(OperationKind.Reclaim, 0, 0, (uint)operation.Argument));
            case ScenarioVerb.Limit:
                return Row(new(OperationKind.Limit, 0, 0, (uint)operation.Argument));
            case ScenarioVerb.Settle:
                return Row(new(OperationKind.Settle, 0, 0, 1));
            default:
                throw new ArgumentOutOfRangeException(nameof(operation), operation.Verb, "Not a verb of scenarios.");
        }
    }

    private void Map(ScenarioOperation operation)
    {
        if (!_workers.TryGetValue(operation.Worker, out var regions))
            _workers.Add(operation.Worker, regions = []);
        if (operation.Offset != 0)
            throw Fail($"a region is mapped from its first page, not from page {operation.Offset}", "Map it from offset 0");
        if (!regions.TryAdd(operation.Region, new ScenarioPage[operation.Pages]))
            throw Fail($"worker {operation.Worker} has mapped region {operation.Region} already", "Unmap it first, or map another region");
    }

    private TraceRow[] Unmap(ScenarioOperation operation)
    {
        var pages = RegionOf(operation).Length;
        _workers[operation.Worker].Remove(operation.Region);
        return Row(new(OperationKind.Unmap, (uint)operation.Worker, FirstPageOf(operation.Region), (uint)pages));
    }

    private void Fork(ScenarioOperation operation)
    {
        var child = (int)operation.Argument;
        if (child == operation.Worker || _workers.ContainsKey(child))
            throw Fail($"worker {child} is alive already", "Fork a worker that is not there");
        var copy = new Dictionary<int, ScenarioPage[]>();
        if (_workers.TryGetValue(operation.Worker, out var regions))
        {
            foreach (var (region, pages) in regions)
            {
                copy.Add(region, [.. pages]);
                foreach (ref var page in copy[region].AsSpan())
                    page.IsLocked = false;
            }
        }

        _workers.Add(child, copy);
    }

    private void ReclaimEverything()
    {
        foreach (var pages in _workers.Values.SelectMany(regions => regions.Values))
        {
            foreach (ref var page in pages.AsSpan())
            {
                if (!page.IsLocked)
                    page.PageOut();
            }
        }
    }

    private ScenarioPage[] RegionOf(ScenarioOperation operation) =>
        _workers.TryGetValue(operation.Worker, out var regions) && regions.TryGetValue(operation.Region, out var pages)
            ? pages
            : throw Fail($"worker {operation.Worker} has not mapped region {operation.Region}", "Map the region before it is used");

    private Span<ScenarioPage> RunOf(ScenarioOperation operation)
    {
        var pages = RegionOf(operation);
        if (operation.Offset + operation.Pages > pages.Length)
        {
            throw Fail(
                $"the run ends at page {operation.Offset + operation.Pages}, but region {operation.Region} has {pages.Length} pages",
                "Keep runs inside their region");
        }

        return pages.AsSpan(operation.Offset, operation.Pages);
    }

    private static Span<ScenarioPage> UnlockedStart(Span<ScenarioPage> run)
    {
        var length = 0;
        while (length < run.Length && !run[length].IsLocked)
            length++;
        return run[..length];
    }

    // One row for each stretch of pages of equal content.
    private List<TraceRow> Writes(ScenarioOperation operation)
    {
        var rows = new List<TraceRow>();
        var run = RunOf(operation);
        for (var start = 0; start < run.Length;)
        {
            var page = run[start];
            var length = run[start..].IndexOfAnyExcept(page);
            if (length < 0)
                length = run.Length - start;
            var write = new Operation(
                OperationKind.Write,
                (uint)operation.Worker,
                FirstPageOf(operation.Region) + (ulong)(operation.Offset + start),
                (uint)length,
                page.Content,
                page.CompressedBytes);
            rows.Add(new(Now, write, page.Word));
            start += length;
        }

        return rows;
    }

    private TraceRow[] Row(OperationKind kind, ScenarioOperation operation) =>
        Row(new(kind, (uint)operation.Worker, FirstPageOf(operation.Region) + (ulong)operation.Offset, (uint)operation.Pages));

    private TraceRow[] Row(Operation operation) => [new(Now, operation)];

    private ulong Now => (ulong)_steps.Count * MicrosecondsPerStep;

    private ScenarioException Fail(string problem, string remedy) => new(
        _scenario.FilePath,
        _scenario.Line,
        $"operation {_steps.Count + 1}, \"{_scenario.Operations[_steps.Count]}\"",
        problem,
        remedy);
}
