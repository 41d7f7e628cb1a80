using System.Globalization;
using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Synthesis;

/// <summary>
/// Generates a trace from a workload model. Each step: pages go, pages that are there are accessed, new pages appear, processes exit (a recorder, too, notices that
/// last); how many pages, the phase says, which ones chance. The same model, size and seed give the same rows.
/// </summary>
public sealed class WorkloadGenerator
{
    private const int RoundsOfBisection = 60;

    // Where the model never saw an access: so rare that it takes part only if there is nothing else.
    private const double LeastProbability = 1e-4;

    private readonly WorkloadModel _model;
    private readonly SeededRandom _random;
    private readonly double _scale;
    private readonly List<SyntheticProcess> _lasting = [];
    private readonly List<SyntheticProcess> _transient = [];
    private readonly List<Operation> _mapped = [];
    private readonly List<Operation> _used = [];
    private readonly List<Operation> _exits = [];
    private readonly List<TraceRow> _rows = [];
    private readonly double[,,] _storesOwed = new double[2, PastStores.Names.Count, IdleSteps.Names.Count];
    private uint _processes;
    private double _exitedCarry;
    private double _goneCarry;
    private double _reuseOwed;

    private WorkloadGenerator(WorkloadModel model, ulong seed, double scale)
    {
        (_model, _random, _scale) = (model, new(seed), scale);
        for (var process = 0; process < model.LastingProcesses.Count; process++)
            _lasting.Add(new(++_processes));
    }

    /// <summary>The header of a generated trace: it says that it is one.</summary>
    public static TraceHeader HeaderOf(WorkloadModel model, ulong seed, string program)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new()
        {
            PageSize = model.PageSize,
            RecordedAt = DateTimeOffset.UnixEpoch,
            Recorder = program,
            KernelRelease = "none",
            Node = string.Create(CultureInfo.InvariantCulture, $"synthetic-{model.Name}-{seed}"),
            MemoryBytes = model.NodeBytes.Memory,
            SwapBytes = model.NodeBytes.Swap,
            AccessSource = GeneratedTrace.AccessSource,
            IntervalMicroseconds = model.StepMicroseconds,
            Labels = new Dictionary<string, string>
            {
                [GeneratedTrace.Label] = string.Create(CultureInfo.InvariantCulture, $"from a model of {model.Name} with seed {seed}"),
            },
        };
    }

    /// <summary>Generates rows in order of time.</summary>
    /// <param name="model">The model.</param>
    /// <param name="seed">Of everything random.</param>
    /// <param name="steps">How many steps; phases begin anew after the last. The model's own by default.</param>
    /// <param name="scale">Factor on the number of pages, above 0.</param>
    public static IEnumerable<TraceRow> Rows(WorkloadModel model, ulong seed, int? steps = null, double scale = 1)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        return new WorkloadGenerator(model, seed, scale).Generate(steps ?? model.Steps);
    }

    private IEnumerable<TraceRow> Generate(int steps)
    {
        AppearFirst();
        foreach (var row in TakeRows(0))
            yield return row;

        List<WorkloadPhase> phases = [.. _model.Phases.SelectMany(phase => Enumerable.Repeat(phase, phase.Steps))];
        for (var step = 0; step < steps; step++)
        {
            Step(phases[step % phases.Count], step);
            foreach (var row in TakeRows((ulong)(step + 1) * (ulong)_model.StepMicroseconds))
                yield return row;
        }
    }

    private void Step(WorkloadPhase phase, int step)
    {
        var exiting = Exiting(phase.Exited * _scale);
        LetGo(phase.Gone * _scale, step);
        Access(phase.Accessed * _scale, step);
        foreach (var (process, share) in _lasting.Zip(_model.LastingProcesses))
            Appear(process, _random.Round(phase.New * _scale * share), step);
        for (var left = _random.Round(phase.Transient * _scale); left > 0;)
        {
            var process = new SyntheticProcess(++_processes);
            var pages = Math.Min(left, _model.TransientProcesses.Draw(_random.Share(), _random.Share()));
            Appear(process, pages, step);
            _transient.Add(process);
            left -= pages;
        }

        foreach (var process in exiting)
            _exits.Add(new(OperationKind.Exit, process.Number, 0, 1));
    }

    /// <summary>Takes processes out that exit in this step. What they have beyond what is to go is owed to the next one.</summary>
    private List<SyntheticProcess> Exiting(double pages)
    {
        var exiting = new List<SyntheticProcess>();
        _exitedCarry += pages;
        _random.Shuffle(_transient);
        for (var at = _transient.Count - 1; at >= 0 && _exitedCarry >= 1; at--)
        {
            var process = _transient[at];
            if (process.Pages / 2.0 > _exitedCarry)
                continue;
            _exitedCarry -= process.Pages;
            exiting.Add(process);
            _transient.RemoveAt(at);
        }

        return exiting;
    }

    private void LetGo(double pages, int step)
    {
        _goneCarry += pages;
        if (_goneCarry < 1)
            return;
        // The last of a kind goes first. Each in its turn as if at a time drawn from an exponential distribution: a weighted draw without replacement.
        var byKind = Processes.SelectMany(process => process.Extents)
            .Select(extent => (Extent: extent, Time: -Math.Log(1 - _random.Share()) / Math.Max(LeastProbability, _model.GoneRisk[PastOf(extent)])))
            .OrderByDescending(drawn => drawn.Time).Select(drawn => drawn.Extent).ToLookup(extent => (extent.Content == PageContent.Zero, Ages.ClassOf(step - extent.Since), IdleSteps.ClassOf(step - extent.LastUse)));
        List<GoneCell> cells = [.. Cells(isZero: true, _model.ZeroGone, byKind), .. Cells(isZero: false, _model.OtherGone, byKind)];
        while (_goneCarry >= 1 && Nearest(cells) is { } extent)
        {
            _goneCarry -= extent.Pages;
            extent.IsGone = true;
            var unmaps = _random.Share() < _model.Unmapped;
            extent.Process.Free(extent, isMapped: !unmaps);
            _mapped.Add(new(unmaps ? OperationKind.Unmap : OperationKind.Discard, extent.Process.Number, extent.Page, (uint)extent.Pages));
        }

        foreach (var process in Processes)
            process.Extents.RemoveAll(extent => extent.IsGone);
    }

    private static IEnumerable<GoneCell> Cells(bool isZero, IReadOnlyList<IReadOnlyList<double>> gone, ILookup<(bool, int, int), Extent> byKind) =>
        from age in Enumerable.Range(0, Ages.Names.Count)
        from idle in Enumerable.Range(0, IdleSteps.Names.Count)
        select new GoneCell(isZero, age, idle, gone[age][idle], new Stack<Extent>(byKind[(isZero, age, idle)]));

    // Of the kind drawn, or the most alike there is.
    private Extent? Nearest(List<GoneCell> cells)
    {
        var (number, at) = (_random.Share(), 0);
        while (at < cells.Count - 1 && number >= cells[at].Share)
            number -= cells[at++].Share;
        var drawn = cells[at];
        if (drawn.Extents.TryPop(out var extent))
            return extent;
        return cells.Where(cell => cell.Extents.Count > 0)
            .MinBy(cell => Math.Abs(cell.Age - drawn.Age) + Math.Abs(cell.Idle - drawn.Idle) + (cell.IsZero == drawn.IsZero ? 0 : 3))?.Extents.Pop();
    }

    private void Access(double pages, int step)
    {
        foreach (var process in Processes)
            process.Extents.Sort((left, right) => left.Page.CompareTo(right.Page));
        var odds = OddsFor(pages, step);
        foreach (var process in Processes)
        {
            var (nextPage, draw) = (0UL, 0.0);
            foreach (var extent in process.Extents)
            {
                // Neighbours sometimes share one draw: they are then accessed together as far as their probabilities are alike, and each keeps its own.
                if (extent.Page != nextPage || _random.Share() >= _model.Neighbours)
                    draw = _random.Share();
                nextPage = extent.Page + (ulong)extent.Pages;
                if (draw < Weighted(ProbabilityOf(extent, step), odds))
                    Access(extent, step);
            }
        }
    }

    private void Access(Extent extent, int step)
    {
        var stores = Stores(extent, step);
        extent.WasStored = stores;
        extent.Stores += stores ? 1 : 0;
        extent.LastUse = step;
        extent.Uses++;
        var kind = stores ? OperationKind.Write : _random.Share() < _model.Loads ? OperationKind.Read : OperationKind.Access;
        if (kind == OperationKind.Write)
            extent.Content = _model.Stored[IndexOf(extent.Content)].Draw(_random.Share());
        Use(extent, kind);
    }

    // Extents can be large: what chance gave too few or too many pages of, the next ones of their kind make up for.
    private bool Stores(Extent extent, int step)
    {
        var content = extent.Content == PageContent.Zero ? 0 : 1;
        var past = PastOf(extent);
        var idle = IdleSteps.ClassOf(step - extent.LastUse);
        var share = (content == 0 ? _model.ZeroStores : _model.OtherStores)[past][idle];
        if (extent is { Part: { } part, Uses: 0 })
            share = Weighted(share, part.Stores);
        ref var owed = ref _storesOwed[content, past, idle];
        owed += extent.Pages * share;
        if (_random.Share() * extent.Pages >= owed)
            return false;
        owed -= extent.Pages;
        return true;
    }

    private static int PastOf(Extent extent) => PastStores.ClassOf(extent.Uses, extent.Stores, extent.WasStored, extent.IsBornAccessed);

    private void Use(Extent extent, OperationKind kind) => _used.Add(
        new(kind, extent.Process.Number, extent.Page, (uint)extent.Pages, kind == OperationKind.Read ? PageContent.Unknown : extent.Content));

    private static int IndexOf(PageContent content) => content switch
    {
        PageContent.Zero => 0,
        PageContent.Repeated => 1,
        PageContent.Data => 2,
        _ => 3,
    };

    /// <summary>The factor on the odds of every access with which as many pages are accessed as are wanted, on average.</summary>
    private double OddsFor(double pages, int step)
    {
        var classes = new Dictionary<double, long>();
        foreach (var extent in Processes.SelectMany(process => process.Extents))
        {
            var probability = ProbabilityOf(extent, step);
            classes[probability] = classes.GetValueOrDefault(probability) + extent.Pages;
        }

        var (low, high) = (-30.0, 30.0);
        for (var round = 0; round < RoundsOfBisection; round++)
        {
            var middle = (low + high) / 2;
            if (classes.Sum(@class => @class.Value * Weighted(@class.Key, Math.Exp(middle))) < pages)
                low = middle;
            else
                high = middle;
        }

        return Math.Exp(high);
    }

    private double ProbabilityOf(Extent extent, int step)
    {
        var probability = Math.Max(LeastProbability, (extent.Content == PageContent.Zero ? _model.ZeroAccessed : _model.OtherAccessed)
            [PastUse.ClassOf(step - 1 - extent.Since, extent.Uses, extent.IsBornAccessed)][IdleSteps.ClassOf(step - extent.LastUse)]);
        return extent is { Part: { } part, Uses: 0 } ? Weighted(probability, part.Accessed) : probability;
    }

    private static double Weighted(double probability, double odds) => probability >= 1 ? 1 : odds * probability / (1 - probability + (odds * probability));

    /// <summary>What is there at first, part after part through the processes.</summary>
    private void AppearFirst()
    {
        var pages = _model.FirstPages * _scale;
        var (at, room) = (0, pages * _model.LastingProcesses[0]);
        foreach (var part in _model.First)
        {
            for (var left = part.Pages * _scale; left > 0;)
            {
                var isLast = at == _lasting.Count - 1;
                var taken = isLast ? left : Math.Min(left, room);
                Appear(_lasting[at], _random.Round(taken), step: -1, part);
                (left, room) = (left - taken, room - taken);
                if (!isLast && room <= 0)
                    room = pages * _model.LastingProcesses[++at];
            }
        }
    }

    private void Appear(SyntheticProcess process, long pages, int step, WorkloadPart? part = null)
    {
        PageContent? content = null;
        var (contents, persistence) = part is null ? (_model.NewContents, _model.NewPersistence) : (part.Contents, _model.FirstPersistence);
        while (pages > 0)
        {
            var region = (int)Math.Min(pages, Math.Min(int.MaxValue, _model.Regions.Draw(_random.Share(), _random.Share())));
            var accessed = step >= 0 && _random.Share() >= _model.Unaccessed;
            var reuse = step >= 0 && Reuses(process, region);
            pages -= region;
            while (region > 0)
            {
                var (page, taken) = process.Take(region, reuse, (start, length) => Map(process, start, length), _random);
                region -= taken;
                for (var end = page + (ulong)taken; page < end;)
                {
                    var length = (int)Math.Min((long)(end - page), _model.Extents.Draw(_random.Share(), _random.Share()));
                    if (content is null || _random.Share() >= persistence)
                        content = contents.Draw(_random.Share());
                    var extent = new Extent
                    {
                        Process = process,
                        Page = page,
                        Pages = length,
                        Since = step,
                        Part = part,
                        Content = content.Value,
                        LastUse = step,
                        IsBornAccessed = accessed,
                    };
                    process.Extents.Add(extent);
                    Use(extent, accessed ? OperationKind.Write : OperationKind.Observe);
                    page += (ulong)length;
                }
            }
        }
    }

    // By turns rather than by chance: regions can be large, and what is not reused makes the trace wider for good.
    private bool Reuses(SyntheticProcess process, int region)
    {
        if (!process.HasRoom)
            return false;
        _reuseOwed += region * _model.Reuse;
        if (_reuseOwed < region / 2.0)
            return false;
        _reuseOwed -= region;
        return true;
    }

    private int Map(SyntheticProcess process, ulong start, int? length)
    {
        var pages = length ?? (int)Math.Min(int.MaxValue, _model.Mappings.Draw(_random.Share(), _random.Share()));
        _mapped.Add(new(OperationKind.Map, process.Number, start, (uint)pages));
        return pages;
    }

    private IEnumerable<SyntheticProcess> Processes => _lasting.Concat(_transient);

    /// <summary>
    /// The rows of a step: what maps and unmaps in the order in which it came, then what is used by process and address, neighbours alike joined, then exits.
    /// </summary>
    private List<TraceRow> TakeRows(ulong time)
    {
        _rows.Clear();
        foreach (var operation in _mapped)
            _rows.Add(new(time, operation));
        _used.Sort((left, right) => (left.Process, left.Page).CompareTo((right.Process, right.Page)));
        foreach (var operation in _used)
        {
            if (_rows.Count > 0 && _rows[^1].Operation is var before && before.Kind == operation.Kind && before.Process == operation.Process
                && before.Content == operation.Content && before.Page + before.Pages == operation.Page)
                _rows[^1] = new(time, before with { Pages = before.Pages + operation.Pages });
            else
                _rows.Add(new(time, operation));
        }

        foreach (var operation in _exits)
            _rows.Add(new(time, operation));
        _mapped.Clear();
        _used.Clear();
        _exits.Clear();
        return _rows;
    }

    /// <summary>Extents of one kind that may go.</summary>
    private sealed record GoneCell(bool IsZero, int Age, int Idle, double Share, Stack<Extent> Extents);
}
