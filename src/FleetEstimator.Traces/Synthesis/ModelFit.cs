using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Synthesis;

/// <summary>
/// Takes a workload model from a trace: follows every page from step to step and counts. Nothing is searched for or optimised; each parameter is the frequency it
/// names.
/// </summary>
public sealed class ModelFit
{
    private const int PhasesMax = 32;
    private const int LastingProcessesMax = 16;
    private const double PagesAddedByOthers = 5;
    private const int PartsMax = 16;
    private const int PartPagesMin = 512;

    private readonly Trace _trace;
    private readonly TimeWindows _windows;
    private readonly int _steps;
    private readonly Dictionary<uint, ProcessHistory> _live = [];
    private readonly List<ProcessHistory> _all = [];
    private readonly HashSet<uint> _exiting = [];

    private readonly double[] _new;
    private readonly double[] _transient;
    private readonly double[] _exited;
    private readonly double[] _gone;
    private readonly double[] _accessed;
    private readonly PartCounts[] _parts = [.. Enumerable.Range(0, PartsMax).Select(_ => new PartCounts())];
    private readonly long[] _newContents = new long[4];
    private readonly long[][] _stored = [new long[4], new long[4], new long[4], new long[4]];
    private readonly long[,,] _exposed = new long[2, PastUse.Names.Count, IdleSteps.Names.Count];
    private readonly long[,,] _accessedAgain = new long[2, PastUse.Names.Count, IdleSteps.Names.Count];
    private readonly long[,,] _accesses = new long[2, PastStores.Names.Count, IdleSteps.Names.Count];
    private readonly long[,,] _stores = new long[2, PastStores.Names.Count, IdleSteps.Names.Count];
    private readonly long[,,] _goneAt = new long[2, Ages.Names.Count, IdleSteps.Names.Count];
    private readonly long[,,,] _presentAt = new long[2, Ages.Names.Count, IdleSteps.Names.Count, PastStores.Names.Count];
    private readonly long[] _goneByPast = new long[PastStores.Names.Count];
    private readonly SizeCounts _mappings = new();
    private readonly SizeCounts _regions = new();
    private readonly SizeCounts _extents = new();
    private long _loads;
    private long _unmapped;
    private long _reused;
    private long _free;
    private double _reusable;
    private long _unaccessed;
    private long _neighbours;
    private long _neighboursAccessed;
    private readonly long[] _contentPairs = new long[2];
    private readonly long[] _contentPairsAlike = new long[2];

    private ModelFit(Trace trace)
    {
        _trace = trace;
        _windows = TimeWindows.Of(trace);
        _steps = _windows.Columns;
        (_new, _transient, _exited, _gone, _accessed) = (new double[_steps], new double[_steps], new double[_steps], new double[_steps], new double[_steps]);
        for (var row = 0; row < trace.RowCount; row++)
        {
            if (trace.Kinds[row] == OperationKind.Exit)
                _exiting.Add(trace.Processes[row]);
        }
    }

    /// <summary>The model of a trace.</summary>
    /// <exception cref="TraceException">The trace has no duration, no page or no content, so that there is nothing to fit.</exception>
    public static WorkloadModel Of(Trace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        if (trace.DurationMicroseconds == 0)
            throw new TraceException(trace.FilePath, null, null, "the trace has no duration, and a model tells how pages are used over time", "Give a recording rather than a snapshot");
        if (trace.Header.Capability != Capability.ContentKnown)
        {
            throw new TraceException(
                trace.FilePath, null, "metadata label.capability", $"the trace is {Capabilities.NameOf(trace.Header.Capability)}, and a model tells what pages hold", "Give a content-known trace");
        }

        var fit = new ModelFit(trace);
        fit.Follow();
        return fit.Model();
    }

    private void Follow()
    {
        // What the first scan finds was there before the recording.
        var before = (ulong)_trace.Header.IntervalMicroseconds / 2;
        var (step, isFirst) = (0, true);
        for (var row = 0; row < _trace.RowCount; row++)
        {
            var time = _trace.Times[row];
            if (isFirst && time > before)
            {
                isFirst = false;
                EndFirst();
            }

            for (; time > _windows.EndOfColumn(step); step++)
                EndStep(step);
            Take(_trace[row], step, isFirst);
        }

        EndStep(step);
        foreach (var process in _all)
            CountExtents(process.Blocks.Select(block => (block.Key * ProcessHistory.PagesPerBlock, block.Value)), 0, ulong.MaxValue);
    }

    private void Take(in Operation operation, int step, bool isFirst)
    {
        var (number, first, end) = (operation.Process, operation.Page, operation.Page + operation.Pages);
        switch (operation.Kind)
        {
            case OperationKind.Map:
                _mappings.Add(operation.Pages);
                break;
            case OperationKind.Fork:
                var child = _live[(uint)operation.Page] = Add((uint)operation.Page);
                if (_live.TryGetValue(number, out var parent))
                    child.Inherit(parent);
                break;
            case OperationKind.Unmap or OperationKind.Discard when _live.TryGetValue(number, out var process):
                End(process, first, end, step, operation.Kind);
                break;
            case OperationKind.Exit when _live.Remove(number, out var process):
                End(process, 0, ulong.MaxValue, step, operation.Kind);
                break;
            case OperationKind.Read or OperationKind.Write or OperationKind.Access or OperationKind.Observe:
                if (!_live.TryGetValue(number, out var user))
                    _live.Add(number, user = Add(number));
                for (var page = first; page < end; page++)
                    Use(user, ref user[page], in operation, (short)step, isFirst);
                break;
        }
    }

    private ProcessHistory Add(uint number)
    {
        var process = new ProcessHistory { IsTransient = _exiting.Contains(number) };
        _all.Add(process);
        return process;
    }

    private void Use(ProcessHistory process, ref PageHistory page, in Operation operation, short step, bool isFirst)
    {
        var kind = operation.Kind;
        if (!page.IsPresent)
        {
            // A load maps the zero page.
            if (kind == OperationKind.Read || (page.IsInherited && kind != OperationKind.Write))
                return;
            page = new PageHistory { IsPresent = true, WasPresent = page.WasPresent, Since = isFirst ? (short)-1 : step, Accessed = PageHistory.Never, AccessedBefore = PageHistory.Never };
            process.Appeared++;
            _free -= page.WasPresent ? 1 : 0;
        }

        if (operation.Content != PageContent.Unknown || kind == OperationKind.Write)
            page.Content = operation.Content;
        if (kind == OperationKind.Observe || isFirst)
            return;
        if (page.Accessed != step)
            page.AccessedBefore = page.Accessed;
        page.Accessed = step;
        page.IsStored |= kind == OperationKind.Write;
        page.IsLoaded |= kind == OperationKind.Read;
    }

    private void End(ProcessHistory process, ulong first, ulong end, int step, OperationKind kind)
    {
        List<(ulong FirstPage, PageHistory[] Pages)> blocks = [.. process.BlocksIn(first, end)];
        CountExtents(blocks, first, end);
        foreach (var (firstPage, pages) in blocks)
        {
            for (var at = 0; at < pages.Length; at++)
            {
                ref var page = ref pages[at];
                if (firstPage + (ulong)at < first || firstPage + (ulong)at >= end)
                    continue;
                page.IsInherited = false;
                if (!page.IsPresent)
                    continue;
                // What appears and goes within a step is never there when one ends.
                if (page.Since < step && kind == OperationKind.Exit)
                    _exited[step]++;
                else if (page.Since < step)
                {
                    _gone[step]++;
                    var last = page.Accessed == step ? page.AccessedBefore : page.Accessed;
                    var idle = IdleSteps.ClassOf(step - (last == PageHistory.Never ? page.Since : last));
                    var (content, age, past) = (page.ContentBefore == PageContent.Zero ? 0 : 1, Ages.ClassOf(step - page.Since), PastOf(in page));
                    _goneAt[content, age, idle]++;
                    _presentAt[content, age, idle, past]++;
                    _goneByPast[past]++;
                    _unmapped += kind == OperationKind.Unmap ? 1 : 0;
                }

                page = new PageHistory { WasPresent = true };
                _free += kind == OperationKind.Exit ? 0 : 1;
            }
        }
    }

    /// <summary>The first scan is over.</summary>
    private void EndFirst()
    {
        var pagesOfPart = Math.Max(PartPagesMin, (_live.Values.Sum(process => process.Appeared) + PartsMax - 1) / PartsMax);
        var seen = 0L;
        foreach (var process in _live.Values)
        {
            var (region, nextPage, content) = (0L, 0UL, PageContent.Unknown);
            foreach (var (number, pages) in process.Blocks)
            {
                for (var at = 0; at < pages.Length; at++)
                {
                    ref var page = ref pages[at];
                    if (!page.IsPresent)
                        continue;
                    var pageNumber = (number * ProcessHistory.PagesPerBlock) + (ulong)at;
                    var part = (int)Math.Min(PartsMax - 1, seen++ / pagesOfPart);
                    page.Part = (byte)(part + 1);
                    _parts[part].Contents[(int)page.Content]++;
                    if (pageNumber == nextPage)
                    {
                        CountPair(0, page.Content == content);
                    }
                    else
                    {
                        _regions.Add(region);
                        region = 0;
                    }

                    page.ContentBefore = page.Content;
                    page.Digest = Mix((ulong)page.Content + 1);
                    (region, nextPage, content) = (region + 1, pageNumber + 1, page.Content);
                }
            }

            _regions.Add(region);
        }
    }

    private void CountPair(int when, bool alike)
    {
        _contentPairs[when]++;
        _contentPairsAlike[when] += alike ? 1 : 0;
    }

    private void EndStep(int step)
    {
        var (reusedBefore, free) = (_reused, _free);
        foreach (var process in _live.Values)
        {
            var region = 0L;
            var (nextPage, before, beforeAppeared, beforeAccessed) = (0UL, default(PageHistory), false, false);
            foreach (var (number, pages) in process.Blocks)
            {
                for (var at = 0; at < pages.Length; at++)
                {
                    ref var page = ref pages[at];
                    if (!page.IsPresent)
                        continue;
                    var pageNumber = (number * ProcessHistory.PagesPerBlock) + (ulong)at;
                    var adjacent = pageNumber == nextPage && before.IsPresent;
                    var appeared = page.Since == step;
                    var accessed = page.Accessed == step;
                    if (appeared)
                    {
                        CountNew(process, in page, step);
                        if (!adjacent || !beforeAppeared)
                        {
                            _regions.Add(region);
                            region = 0;
                        }
                        else
                        {
                            CountPair(1, page.Content == before.Content);
                        }

                        region++;
                    }
                    else
                    {
                        CountOld(in page, step, accessed);
                        if (adjacent && !beforeAppeared && beforeAccessed)
                        {
                            _neighbours++;
                            _neighboursAccessed += accessed ? 1 : 0;
                        }
                    }

                    if (appeared || accessed)
                        page.Digest = Mix(page.Digest ^ ((ulong)step << 4) ^ (appeared ? 8UL : 0) ^ (accessed ? 4UL : 0) ^ (ulong)page.Content);
                    if (appeared)
                        page.IsBornAccessed = accessed;
                    else if (accessed)
                        (page.Uses, page.Stores, page.WasStored) = ((short)(page.Uses + 1), (short)(page.Stores + (page.IsStored ? 1 : 0)), page.IsStored);
                    (page.ContentBefore, page.IsStored, page.IsLoaded) = (page.Content, false, false);
                    (nextPage, before, beforeAppeared, beforeAccessed) = (pageNumber + 1, page, appeared, accessed);
                }
            }

            _regions.Add(region);
        }

        // As many as could be: those that were, and those for which there was room left.
        var reused = _reused - reusedBefore;
        _reusable += reused + Math.Min(free, _new[step] + _transient[step] - reused);
    }

    private void CountNew(ProcessHistory process, in PageHistory page, int step)
    {
        (process.IsTransient ? _transient : _new)[step]++;
        _newContents[(int)page.Content]++;
        _reused += page.WasPresent ? 1 : 0;
        _unaccessed += page.Accessed == step ? 0 : 1;
    }

    private void CountOld(in PageHistory page, int step, bool accessed)
    {
        var content = page.ContentBefore == PageContent.Zero ? 0 : 1;
        var last = accessed ? page.AccessedBefore : page.Accessed;
        var idle = IdleSteps.ClassOf(step - (last == PageHistory.Never ? page.Since : last));
        var use = PastUse.ClassOf(step - 1 - page.Since, page.Uses, page.IsBornAccessed);
        var past = PastOf(in page);
        _exposed[content, use, idle]++;
        _presentAt[content, Ages.ClassOf(step - page.Since), idle, past]++;
        if (page is { Part: > 0, Uses: 0 })
            _parts[page.Part - 1].Count(content, idle, accessed, page.IsStored);
        if (!accessed)
            return;
        _accessedAgain[content, use, idle]++;
        _accessed[step]++;
        _accesses[content, past, idle]++;
        if (page.IsStored)
        {
            _stores[content, past, idle]++;
            _stored[(int)page.ContentBefore][(int)page.Content]++;
        }
        else if (page.IsLoaded)
        {
            _loads++;
        }
    }

    private static int PastOf(in PageHistory page) => PastStores.ClassOf(page.Uses, page.Stores, page.WasStored, page.IsBornAccessed);

    private void CountExtents(IEnumerable<(ulong FirstPage, PageHistory[] Pages)> blocks, ulong first, ulong end)
    {
        var (length, nextPage, digest) = (0L, 0UL, 0UL);
        foreach (var (firstPage, pages) in blocks)
        {
            for (var at = 0; at < pages.Length; at++)
            {
                var number = firstPage + (ulong)at;
                if (!pages[at].IsPresent || number < first || number >= end)
                    continue;
                if (number != nextPage || pages[at].Digest != digest)
                {
                    _extents.Add(length);
                    length = 0;
                }

                (length, nextPage, digest) = (length + 1, number + 1, pages[at].Digest);
            }
        }

        _extents.Add(length);
    }

    private WorkloadModel Model()
    {
        var appeared = _newContents.Sum();
        var newContents = ContentShares.Of(_newContents);
        return new()
        {
            Name = _trace.Header.Node,
            PageSize = _trace.Header.PageSize,
            StepMicroseconds = Math.Max(1, (long)(_trace.DurationMicroseconds / (ulong)_steps)),
            NodeBytes = (_trace.Header.MemoryBytes, _trace.Header.SwapBytes),
            First = Parts(),
            FirstPersistence = Persistence(0, ContentShares.Of([.. Enumerable.Range(0, 4).Select(content => _parts.Sum(part => part.Contents[content]))])),
            Phases = Phases(),
            LastingProcesses = Lasting(),
            TransientProcesses = SizesOf(_all.Where(process => process.IsTransient).Select(process => process.Appeared)),
            Mappings = _mappings.Sizes(),
            Regions = _regions.Sizes(),
            Extents = _extents.Sizes(),
            Reuse = Share(_reused, _reusable),
            Unaccessed = Share(_unaccessed, appeared),
            NewContents = newContents,
            NewPersistence = Persistence(1, newContents),
            Stored = [.. StoredFrom.Select(content => _stored[(int)content].Sum() == 0 ? Same(content) : ContentShares.Of(_stored[(int)content]))],
            ZeroStores = Stores(0),
            OtherStores = Stores(1),
            Loads = Share(_loads, Sum(_accesses) - Sum(_stores)),
            ZeroAccessed = Accessed(0),
            OtherAccessed = Accessed(1),
            Neighbours = Correlation(AcrossExtents(Share(_neighboursAccessed, _neighbours)), Share(_accessed.Sum(), Sum(_exposed))),
            Unmapped = Share(_unmapped, _gone.Sum()),
            ZeroGone = Gone(0),
            OtherGone = Gone(1),
            GoneRisk = GoneRisk(),
        };
    }

    /// <summary>The order of <see cref="WorkloadModel.Stored"/>.</summary>
    internal static IReadOnlyList<PageContent> StoredFrom { get; } = [PageContent.Zero, PageContent.Repeated, PageContent.Data, PageContent.Unknown];

    private static ContentShares Same(PageContent content) => new(
        content == PageContent.Zero ? 1 : 0, content == PageContent.Repeated ? 1 : 0, content == PageContent.Data ? 1 : 0, content == PageContent.Unknown ? 1 : 0);

    private List<WorkloadPart> Parts()
    {
        // Never accessed is the first class of both.
        double[][] accessed = [Accessed(0)[0], Accessed(1)[0]];
        double[][] stores = [Stores(0)[0], Stores(1)[0]];
        return [.. _parts.Where(part => part.Pages > 0).Select(part => new WorkloadPart(
            part.Pages, ContentShares.Of(part.Contents), Factor(part.Accessed, part.Exposed, accessed), Factor(part.Stored, part.Accessed, stores)))];
    }

    /// <summary>The odds that were observed to those that were to be expected, counts by content and idle time. Where few were seen it is drawn towards 1.</summary>
    private static double Factor(long[,] counts, long[,] of, double[][] expectedShare)
    {
        var expected = 0.0;
        for (var content = 0; content < 2; content++)
        {
            for (var idle = 0; idle < IdleSteps.Names.Count; idle++)
                expected += of[content, idle] * expectedShare[content][idle];
        }

        var (part, whole) = (Sum(counts), Sum(of));
        double Odds(double pages) => (pages + PagesAddedByOthers) / (whole - pages + PagesAddedByOthers);
        return Odds(part) / Odds(expected);
    }

    private List<WorkloadPhase> Phases()
    {
        var each = (_steps + PhasesMax - 1) / PhasesMax;
        return [.. Enumerable.Range(0, _steps).Chunk(each).Select(steps =>
        {
            double Mean(double[] pages) => steps.Average(step => pages[step]);
            return new WorkloadPhase(steps.Length, Mean(_new), Mean(_transient), Mean(_exited), Mean(_gone), Mean(_accessed));
        })];
    }

    private double[] Lasting()
    {
        List<long> pages = [.. _all.Where(process => !process.IsTransient && process.Appeared > 0).Select(process => process.Appeared).OrderDescending().Take(LastingProcessesMax)];
        return pages.Count == 0 ? [1] : [.. pages.Select(each => (double)each / pages.Sum())];
    }

    private static PageSizes SizesOf(IEnumerable<long> sizes)
    {
        var counts = new SizeCounts();
        foreach (var size in sizes)
            counts.Add(size);
        return counts.Sizes();
    }

    private double[][] Gone(int content)
    {
        // Where nothing goes any will do, as long as they are shares.
        var all = Sum(_goneAt);
        return [.. Enumerable.Range(0, Ages.Names.Count).Select(age => Enumerable.Range(0, IdleSteps.Names.Count)
            .Select(idle => all > 0 ? _goneAt[content, age, idle] / all : content == 1 && age == 0 && idle == 0 ? 1 : 0).ToArray())];
    }

    // Where few accesses were seen the frequency is drawn towards that of all absences, that towards that of the content, and that towards that of all.
    private double[][] Stores(int content)
    {
        var ofContent = Drawn(Of(_stores, content), Of(_accesses, content), Share(Sum(_stores), Sum(_accesses)));
        return [.. Enumerable.Range(0, PastStores.Names.Count).Select(past =>
        {
            var ofPast = Drawn(Of(_stores, content, past), Of(_accesses, content, past), ofContent);
            return Enumerable.Range(0, IdleSteps.Names.Count).Select(idle => Drawn(_stores[content, past, idle], _accesses[content, past, idle], ofPast)).ToArray();
        })];
    }

    // Where few pages were seen the frequency is drawn towards that of all contents, and that towards that of all uses.
    private double[][] Accessed(int content) => [.. Enumerable.Range(0, PastUse.Names.Count).Select(use => Enumerable.Range(0, IdleSteps.Names.Count).Select(idle =>
    {
        var all = Share(Of(_accessedAgain, idle: idle), Of(_exposed, idle: idle));
        var ofUse = Drawn(Of(_accessedAgain, past: use, idle: idle), Of(_exposed, past: use, idle: idle), all);
        return Drawn(_accessedAgain[content, use, idle], _exposed[content, use, idle], ofUse);
    }).ToArray())];

    private static double Drawn(long part, long whole, double towards) => (part + (PagesAddedByOthers * towards)) / (whole + PagesAddedByOthers);

    // Observed to expected, as standardised mortality is. Where few pages went it is drawn towards 1.
    private double[] GoneRisk()
    {
        var expected = new double[PastStores.Names.Count];
        for (var content = 0; content < 2; content++)
        {
            for (var age = 0; age < Ages.Names.Count; age++)
            {
                for (var idle = 0; idle < IdleSteps.Names.Count; idle++)
                {
                    var present = Enumerable.Range(0, expected.Length).Sum(past => _presentAt[content, age, idle, past]);
                    for (var past = 0; past < expected.Length; past++)
                        expected[past] += Share(_presentAt[content, age, idle, past], present) * _goneAt[content, age, idle];
                }
            }
        }

        return [.. expected.Select((pages, past) => (_goneByPast[past] + PagesAddedByOthers) / (pages + PagesAddedByOthers))];
    }

    /// <summary>The sum of counts by content, past and idle time; over all of what is not given.</summary>
    private static long Of(long[,,] counts, int? content = null, int? past = null, int? idle = null)
    {
        var sum = 0L;
        for (var c = 0; c < counts.GetLength(0); c++)
        {
            for (var p = 0; p < counts.GetLength(1); p++)
            {
                for (var i = 0; i < counts.GetLength(2); i++)
                    sum += (content ?? c) == c && (past ?? p) == p && (idle ?? i) == i ? counts[c, p, i] : 0;
            }
        }

        return sum;
    }

    private double Persistence(int when, ContentShares shares) => Correlation(AcrossExtents(Share(_contentPairsAlike[when], _contentPairs[when])), Alike(shares));

    // Of pages side by side, one pair in an extent's length is not of one extent; all others are alike by definition.
    private double AcrossExtents(double alike) => Math.Clamp(1 - (_extents.MeanPages * (1 - alike)), 0, 1);

    // How much more often than by chance.
    private static double Correlation(double alike, double byChance) => byChance >= 1 ? 0 : Math.Clamp((alike - byChance) / (1 - byChance), 0, 1);

    private static double Alike(ContentShares shares) =>
        (shares.Zero * shares.Zero) + (shares.Repeated * shares.Repeated) + (shares.Data * shares.Data) + (shares.Unknown * shares.Unknown);

    private static double Share(double part, double whole) => whole <= 0 ? 0 : part / whole;

    private static double Sum(Array counts) => counts.Cast<long>().Sum();

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
        return z ^ (z >> 31);
    }

    /// <summary>What was seen of a part of the first pages: until each was accessed, in each step, by content and idle time.</summary>
    private sealed class PartCounts
    {
        public long[] Contents { get; } = new long[4];

        public long Pages => Contents.Sum();

        public long[,] Exposed { get; } = new long[2, IdleSteps.Names.Count];

        public long[,] Accessed { get; } = new long[2, IdleSteps.Names.Count];

        public long[,] Stored { get; } = new long[2, IdleSteps.Names.Count];

        public void Count(int content, int idle, bool accessed, bool stored)
        {
            Exposed[content, idle]++;
            Accessed[content, idle] += accessed ? 1 : 0;
            Stored[content, idle] += accessed && stored ? 1 : 0;
        }
    }
}
