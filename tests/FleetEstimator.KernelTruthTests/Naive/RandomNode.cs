using FleetEstimator.Paging;
using FleetEstimator.Traces.KernelTruth;

namespace FleetEstimator.KernelTruthTests.Naive;

/// <summary>What a random step asks for; whether it makes sense, and on which pages, is decided when it is its turn.</summary>
internal readonly record struct Step(OperationKind Kind, uint Process, int Region, int Offset, int Pages, PageContent Content, ushort CompressedBytes);

/// <summary>The regions that random steps work on: where the first begins and how long each is, side by side, in pages.</summary>
internal readonly record struct Layout(ulong FirstPage, int RegionPages)
{
    public const int Regions = 2;

    public ulong StartOf(int region) => FirstPage + (ulong)(region * RegionPages);
}

/// <summary>Turns random steps into operations that a program could have done: no access to what is not mapped, no fork of a process that exists.</summary>
internal sealed class RandomProgram(Layout layout)
{
    private readonly Dictionary<uint, HashSet<ulong>> _mapped = [];
    private long _time;

    public IEnumerable<uint> Processes => _mapped.Keys;

    /// <summary>Time after the last step, in microseconds.</summary>
    public long Time => _time;

    public IEnumerable<Operation> OperationsOf(Step step)
    {
        switch (step.Kind)
        {
            case OperationKind.Settle:
                if (step.Offset % 2 == 0)
                    _time++;
                else
                    yield return new Operation(OperationKind.Settle, 0, 0, 1);
                break;
            case OperationKind.Reclaim:
                yield return new Operation(OperationKind.Reclaim, 0, 0, (uint)step.Pages);
                break;
            case OperationKind.Limit:
                yield return new Operation(OperationKind.Limit, 0, 0, (uint)(step.Offset < layout.RegionPages / 4 ? 0 : step.Offset + step.Pages + (layout.RegionPages / 4)));
                break;
            case OperationKind.Exit:
                if (_mapped.Remove(step.Process))
                    yield return new Operation(OperationKind.Exit, step.Process, 0, 1);
                break;
            case OperationKind.Fork:
                var child = step.Process + 1 + (uint)step.Region;
                if (_mapped.TryGetValue(step.Process, out var pages) && _mapped.TryAdd(child, [.. pages]))
                    yield return new Operation(OperationKind.Fork, step.Process, child, 1);
                break;
            default:
                foreach (var operation in OnPages(step))
                    yield return operation;
                break;
        }
    }

    private IEnumerable<Operation> OnPages(Step step)
    {
        if (!_mapped.TryGetValue(step.Process, out var mapped))
            _mapped.Add(step.Process, mapped = []);
        var start = layout.StartOf(step.Region);
        var end = start + (ulong)layout.RegionPages;
        if (Range(start, end, page => !mapped.Contains(page)) is var (hole, holePages) && (step.Kind == OperationKind.Map || holePages == layout.RegionPages))
        {
            yield return new Operation(OperationKind.Map, step.Process, hole, (uint)holePages);
            mapped.UnionWith(Enumerable.Range(0, holePages).Select(k => hole + (ulong)k));
        }

        var from = start + (ulong)step.Offset;
        if (step.Kind == OperationKind.Map || Range(from, Math.Min(from + (ulong)step.Pages, end), mapped.Contains) is not var (first, count))
            yield break;
        if (step.Kind == OperationKind.Unmap)
            mapped.ExceptWith(Enumerable.Range(0, count).Select(k => first + (ulong)k));
        yield return new Operation(step.Kind, step.Process, first, (uint)count, step.Content, step.CompressedBytes);
    }

    private static (ulong First, int Pages)? Range(ulong start, ulong end, Func<ulong, bool> wanted)
    {
        while (start < end && !wanted(start))
            start++;
        var stop = start;
        while (stop < end && wanted(stop))
            stop++;
        return stop > start ? (start, (int)(stop - start)) : null;
    }
}

/// <summary>The fast core and the naive model side by side, every mechanism a lane, compared after every operation.</summary>
internal sealed class SideBySide
{
    private readonly Layout _layout;
    private readonly RandomProgram _program;
    private readonly Simulator _fast;
    private readonly NaiveKernel[] _naive;

    public SideBySide(NodeSettings settings, Layout layout)
    {
        _layout = layout;
        _program = new RandomProgram(layout);
        Simulator.Lane[] lanes = [.. Mechanism.All.Select(mechanism => new Simulator.Lane(mechanism)), new Simulator.Lane(Mechanism.ZeroPfnSwapIn, AccessesAreWrites: true)];
        _fast = new Simulator(lanes, settings);
        _naive = [.. lanes.Select(lane => new NaiveKernel(lane.Mechanism, settings, lane.AccessesAreWrites))];
    }

    /// <summary>Does a step on both. Throws <see cref="InvalidOperationException"/> where they differ or the fast core's books do not balance.</summary>
    public void Do(Step step)
    {
        foreach (var operation in _program.OperationsOf(step))
        {
            var errno = _fast.Apply(operation);
            _fast.Audit();
            foreach (var naive in _naive)
            {
                var expected = naive.Apply(operation);
                Same(operation, naive, "errno", expected, errno);
            }

            Compare(operation);
        }

        _fast.AdvanceTo(_program.Time);
        foreach (var naive in _naive)
            naive.AdvanceTo(_program.Time);
    }

    private void Compare(in Operation operation)
    {
        for (var lane = 0; lane < _naive.Length; lane++)
        {
            var naive = _naive[lane];
            foreach (var process in _program.Processes)
            {
                var pages = _layout.RegionPages * Layout.Regions;
                var (expected, actual) = (naive.PageTable(process, _layout.FirstPage, pages), _fast.PageTable(lane, process, _layout.FirstPage, pages));
                if (expected != actual)
                    Same(operation, naive, $"page table of process {process}", PageStates.Encode(expected), PageStates.Encode(actual));
            }

            Same(operation, naive, "counters", naive.Counters, _fast.Counters(lane));
            Same(operation, naive, "state", naive.State, _fast.State(lane));
        }
    }

    private static void Same<T>(in Operation operation, NaiveKernel naive, string what, T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new InvalidOperationException($"{naive.Mechanism}: {what} after {operation}:\n{expected} in the naive model\n{actual} in the fast core");
    }
}
